import { backTestResult } from '@app/contract/back-test';
import { profile } from '@app/contract/profile';
import { projection } from '@app/contract/projection';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './test/test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.call('POST', '/api/v1/groups', {
    name: 'News',
    threshold: '7d',
    grace: '1d',
    freshness: '1d',
    weight: 4,
  });
  await api.call('POST', '/api/v1/profiles', [
    { id: '1', group: 'News' },
    { id: '2', group: 'News' },
    { id: '3' },
  ]);
  // Seen 100, 80, 79 and 20 days ago.
  await api.pool.query(`INSERT INTO activities (profile_id, occurred_at, kind)
    SELECT 1, now() - d * interval '1 day', 'post' FROM unnest(ARRAY[100, 80, 79, 20]) AS d`);
  await api.pool.query(
    `UPDATE schedule SET posts_per_day = 1, last_activity_at = now() - interval '1 hour' WHERE profile_id < 3`,
  );
});
afterAll(() => api.stop());

describe('the back-test', () => {
  const fired = async (query: string) => {
    const { status, body } = await api.call('GET', `/api/v1/profiles/1/back-test${query}`);
    expect(status).toBe(200);
    return backTestResult.parse(body);
  };

  test('tells how often a rule would have fired, by default the profile own rule over 90 days', async () => {
    const result = await fired('');
    expect([result.threshold, result.grace, result.fired]).toEqual([604_800, 86_400, 2]);
    expect(result.episodes.map(episode => episode.end === null)).toEqual([false, true]);
  });

  test('takes a rule and a window to try', async () => {
    expect((await fired('?days=200')).fired).toBe(3);
    expect((await fired('?threshold=30d&grace=0&days=200')).fired).toBe(1);
    expect((await fired('?threshold=12h&grace=1h&days=200')).fired).toBe(4);
  });

  test.each([['?threshold=0'], ['?days=0'], ['?days=9999'], ['?grace=-1'], ['?rule=x']])(
    'refuses %s',
    async query => {
      expect((await api.call('GET', `/api/v1/profiles/1/back-test${query}`)).status).toBe(400);
    },
  );

  test('of a profile that is not watched is not found', async () => {
    expect((await api.call('GET', '/api/v1/profiles/77/back-test')).status).toBe(404);
  });
});

describe('the projection', () => {
  const cost = async (input: object) => {
    const { status, body } = await api.call('POST', '/api/v1/projection', input);
    expect(status).toBe(200);
    return projection.parse(body);
  };

  test('prices the policy of a group at the list price', async () => {
    const month = await cost({ group: 'News' });
    expect(month).toMatchObject({ profiles: 2, sampled: 2 });
    expect(month.usd_per_month).toBeCloseTo(month.checks_per_month * 0.01, 1);
  });

  test('gets dearer with weight, and costs nothing per user where X charges for calls only', async () => {
    const plain = await cost({ group: 'News', weight: 1, freshness: '30d' });
    const weighty = await cost({ group: 'News', weight: 16, freshness: '30d' });
    expect(weighty.checks_per_month).toBeGreaterThan(2 * plain.checks_per_month);
    expect((await cost({ group: 'News', pricing: 'per_request', price: 0 })).usd_per_month).toBe(0);
  });

  test('without a group counts every profile', async () => {
    expect((await cost({})).profiles).toBe(3);
  });

  test.each([
    [{ group: 'none' }],
    [{ price: -1 }],
    [{ weight: 0 }],
    [{ threshold: 0 }],
    [{ pricing: 'free' }],
    [{ x: 1 }],
  ])('refuses %j with a pointer', async input => {
    const { status, body } = await api.call('POST', '/api/v1/projection', input);
    expect(status).toBe(422);
    expect(body).toMatchObject({ errors: [{ pointer: expect.any(String) }] });
  });
});

test('a profile says why it is looked at next', async () => {
  const read = async () =>
    profile.loose().parse((await api.call('GET', '/api/v1/profiles/3')).body).next_check_reason;
  expect(await read()).toBe('first_look');
  await api.call('POST', '/api/v1/profiles/3/check');
  expect(await read()).toBe('manual');
});
