import { canaryList, source } from '@app/contract/source';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './test/test-api.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(() => api.stop());

beforeEach(async () => {
  await api.empty();
  for (const id of [1, 2]) {
    await api.pool.query('INSERT INTO profiles (profile_id, handle) VALUES ($1, $2)', [id, `user${id}`]);
    await api.pool.query(
      `INSERT INTO schedule (profile_id, next_check_at, lane, account_state) VALUES ($1, now(), 'checks.fresh', 'ok')`,
      [id],
    );
  }
});

describe('GET /api/v1/source', () => {
  test('of an instance that has never asked X says so', async () => {
    const { status, body } = await api.call('GET', '/api/v1/source');
    expect(status).toBe(200);
    expect(source.parse(body)).toMatchObject({
      health: 'normal',
      reasons: [],
      held: 0,
      watermark: { at: null, lag: null, demanded: false },
      vocabulary: { seen: null },
      answers: { last_ok_at: null, failing: null, kinds: [] },
      counts: { hour: { looks: 0 }, day: { looks: 0 } },
      incidents: [],
      canaries: [],
    });
  });

  test('in an incident says since when, why, how many alerts wait, and how X answered', async () => {
    await api.pool.query(`UPDATE source_state SET health = 'incident', reasons = '{nobody posts}', held = 12, demanded = true,
      watermark_at = now() - interval '90 seconds', failing_since = now(), failing_as = 'out_of_credit', vocabulary = 'post', vocabulary_at = now()`);
    await api.pool.query(
      `INSERT INTO source_answers VALUES ('ok', 5000000000, now()), ('out_of_credit', 2, now())`,
    );
    await api.pool.query(`INSERT INTO incidents (reasons, held) VALUES ('{nobody posts}', 12)`);
    await api.pool.query(
      `INSERT INTO source_minutes (minute, looks, excluded) VALUES (now(), 7, true), (now() - interval '2 hours', 5, false)`,
    );
    const report = source.parse((await api.call('GET', '/api/v1/source')).body);
    expect(report).toMatchObject({
      health: 'incident',
      reasons: ['nobody posts'],
      held: 12,
      watermark: { demanded: true },
      vocabulary: { seen: 'post' },
      answers: {
        failing: { as: 'out_of_credit' },
        kinds: [
          { kind: 'ok', calls: 5e9 },
          { kind: 'out_of_credit', calls: 2 },
        ],
      },
      counts: { hour: { looks: 7 }, day: { looks: 5 } },
      incidents: [{ closed_at: null, held: 12 }],
    });
    expect(report.watermark.lag).toBeGreaterThanOrEqual(90);
  });
});

describe('PUT /api/v1/source/canaries', () => {
  const put = (body: unknown) => api.call('PUT', '/api/v1/source/canaries', body);

  test('replaces them, named in any way a profile can be', async () => {
    const { status, body } = await put({ canaries: ['1', '@USER2', 'https://x.com/user1'] });
    expect(status).toBe(200);
    expect(canaryList.parse(body).items.map(one => one.id)).toEqual(['1', '2']);
    expect(canaryList.parse((await put({ canaries: ['2'] })).body).items.map(one => one.id)).toEqual(['2']);
    expect((await put({ canaries: [] })).body).toEqual({ items: [] });
  });

  test('of what is not watched is refused, with every wrong one named, and changes nothing', async () => {
    await put({ canaries: ['1'] });
    const { status, headers, body } = await put({ canaries: ['2', '9', '@nobody'] });
    expect([status, headers.get('content-type')]).toEqual([
      422,
      expect.stringContaining('application/problem+json'),
    ]);
    expect(body.errors).toEqual([
      { pointer: '/canaries/1', detail: 'is not watched: add the profile first' },
      { pointer: '/canaries/2', detail: 'is not watched: add the profile first' },
    ]);
    const report = source.parse((await api.call('GET', '/api/v1/source')).body);
    expect(report.canaries.map(one => one.id)).toEqual(['1']);
  });

  const wrong: [string, unknown, string][] = [
    ['no list', {}, '/canaries'],
    ['a list of numbers', { canaries: [1] }, '/canaries/0'],
    ['what is no reference', { canaries: ['not a handle'] }, '/canaries/0'],
    ['more than fifty', { canaries: Array.from({ length: 51 }, (_, i) => String(i + 1)) }, '/canaries'],
    ['a member that is not known', { canaries: [], extra: 1 }, '/extra'],
  ];
  test.each(wrong)('with %s is refused', async (_, body, pointer) => {
    const reply = await put(body);
    expect(reply.status).toBe(422);
    expect(reply.body.errors[0].pointer).toBe(pointer);
  });
});
