import { overview, profileCounts } from '@app/contract/counts';
import { takeCensus } from '@app/database/census';
import { addPopulation } from '@app/database/test/population';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './test/test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  await api.empty();
  await api.pool.query('DELETE FROM census; DELETE FROM census_counts');
});

const counts = '/api/v1/profiles/counts';

test('an empty system has counts of nothing', async () => {
  const body = profileCounts.parse((await api.call('GET', counts)).body);
  expect(body.total).toEqual({ profiles: 0, estimated: false });
  expect(body.groups).toEqual([]);
  expect(Object.values(body.statuses).every(({ profiles }) => profiles === 0)).toBe(true);
  const shown = overview.parse((await api.call('GET', '/api/v1/overview')).body);
  expect(shown.deadlines.map(({ within, profiles }) => [within, profiles])).toEqual([
    [3_600, 0],
    [21_600, 0],
    [86_400, 0],
  ]);
});

describe('counts of profiles', () => {
  beforeEach(async () => {
    await api.call('POST', '/api/v1/groups', { name: 'News', threshold: '1d', grace: '1h' });
    await api.call('POST', '/api/v1/profiles', [
      { id: '1', group: 'News' },
      { id: '2', group: 'News' },
      { id: '3' },
      { id: '4' },
      { id: '5' },
    ]);
    await api.pool.query(`UPDATE schedule SET account_state = 'suspended' WHERE profile_id IN (1, 3, 4)`);
  });

  test('are told by status and by group', async () => {
    const body = profileCounts.parse((await api.call('GET', counts)).body);
    expect(body.total).toEqual({ profiles: 5, estimated: false });
    expect(body.statuses.suspended).toEqual({ profiles: 3, estimated: false });
    expect(body.statuses.pending).toEqual({ profiles: 2, estimated: false });
    expect(body.groups.map(({ name, profiles }) => [name, profiles])).toEqual([
      ['default', 3],
      ['News', 2],
    ]);
    expect(Math.abs(Date.parse(body.as_of) - Date.now())).toBeLessThan(60_000);
  });

  test('by status follow the group that is asked for, by group the status', async () => {
    const { body } = await api.call('GET', `${counts}?status=suspended&group=news`);
    expect(body.total).toEqual({ profiles: 1, estimated: false });
    expect([body.statuses.suspended.profiles, body.statuses.pending.profiles]).toEqual([1, 1]);
    expect(
      body.groups.map((group: { name: string; profiles: number }) => [group.name, group.profiles]),
    ).toEqual([
      ['default', 2],
      ['News', 1],
    ]);
  });

  test('of a group or a status that does not exist are refused', async () => {
    expect((await api.call('GET', `${counts}?group=nobody`)).body.errors[0].parameter).toBe('group');
    expect((await api.call('GET', `${counts}?status=dead`)).body.errors[0].parameter).toBe('status');
    expect((await api.call('GET', `${counts}?color=red`)).status).toBe(400);
  });

  test('do not take the place of a profile', async () => {
    expect((await api.call('GET', '/api/v1/profiles/counts')).body.total.profiles).toBe(5);
    expect((await api.call('GET', '/api/v1/profiles/5')).body.id).toBe('5');
  });
});

test('beyond 10,000 profiles, the overview says what is an estimate and of when', async () => {
  await addPopulation(api.pool, 12_000, 11);
  const before = overview.parse((await api.call('GET', '/api/v1/overview')).body);
  expect(before.total).toEqual({ profiles: null, estimated: true });
  expect(before.silence).toEqual({ estimated: true, bins: [] });
  expect(before.statuses.suspended.estimated).toBe(false);
  await takeCensus(api.pool, new AbortController().signal);
  const after = overview.parse((await api.call('GET', '/api/v1/overview')).body);
  expect(after.total).toEqual({ profiles: 12_000, estimated: true });
  expect(after.silence.bins.reduce((sum, bin) => sum + bin.profiles, 0)).toBeGreaterThan(9_000);
  expect(after.silence.bins.at(-1)?.to).toBeNull();
  const sum = Object.values(after.statuses).reduce((all, { profiles }) => all + (profiles ?? 0), 0);
  expect(sum).toBe(12_000);
});
