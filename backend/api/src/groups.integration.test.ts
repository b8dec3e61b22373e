import { changedGroup, group, groupPage } from '@app/contract/group';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runJobs } from './test/run-jobs.ts';
import { startTestApi, type TestApi } from './test/test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ confirmDelayMs: 90_000 });
});
afterAll(() => api.stop());
beforeEach(() => api.empty());

const groups = '/api/v1/groups';
const news = { name: 'News', threshold: '1d', grace: '1h' };

test('a group is made, shown, listed with its profiles, changed and deleted', async () => {
  const made = await api.call('POST', groups, { ...news, freshness: '6h' });
  expect(made.status).toBe(201);
  const { id } = group.parse(made.body);
  expect(made.headers.get('location')).toBe(`${groups}/${id}`);
  expect(made.body).toMatchObject({
    name: 'News',
    threshold: 86_400,
    grace: 3_600,
    freshness: 21_600,
    profiles: 0,
  });
  await api.call('POST', '/api/v1/profiles', [
    { id: '1', group: 'news' },
    { id: '2', group: 'NEWS' },
    { id: '3' },
  ]);
  const list = groupPage.parse((await api.call('GET', groups)).body);
  expect(list.items.map(item => [item.name, item.profiles])).toEqual([
    ['default', 1],
    ['News', 2],
  ]);
  const changed = await api.call('PATCH', `${groups}/${id}`, { name: 'press', grace: 0 });
  expect(changedGroup.parse(changed.body)).toMatchObject({
    name: 'press',
    threshold: 86_400,
    grace: 0,
    profiles: 2,
    replan: {
      kind: 'replan',
      state: 'queued',
      group: { id, name: 'press' },
      done: 0,
      total: null,
      cancellable: false,
    },
  });
  expect((await api.call('DELETE', `${groups}/${id}`)).status).toBe(409);
  await api.pool.query('DELETE FROM profiles WHERE group_id = $1', [id]);
  expect((await api.call('DELETE', `${groups}/${id}`)).status).toBe(204);
  expect((await api.call('GET', `${groups}/${id}`)).status).toBe(404);
});

test('groups are paged', async () => {
  for (let i = 0; i < 5; i++) await api.call('POST', groups, { ...news, name: `group ${i}` });
  const names: string[] = [];
  let cursor: string | null = null;
  do {
    const page = groupPage.parse(
      (await api.call('GET', `${groups}?limit=2${cursor ? `&cursor=${cursor}` : ''}`)).body,
    );
    names.push(...page.items.map(item => item.name));
    cursor = page.next_cursor;
  } while (cursor);
  expect(names).toEqual(['default', ...[0, 1, 2, 3, 4].map(i => `group ${i}`)]);
});

describe('what is refused changes nothing', () => {
  test('a name that is taken, in any case', async () => {
    const { id } = (await api.call('POST', groups, news)).body;
    const before = await api.everything();
    expect((await api.call('POST', groups, { ...news, name: 'NEWS' })).status).toBe(409);
    expect((await api.call('PATCH', `${groups}/${id}`, { name: 'Default' })).status).toBe(409);
    expect((await api.call('PATCH', `${groups}/${id}`, { name: 'news' })).status).toBe(200);
    await api.call('PATCH', `${groups}/${id}`, { name: 'News' });
    expect(await api.everything()).toBe(before);
  });

  test('the default group cannot be deleted', async () => {
    expect((await api.call('DELETE', `${groups}/1`)).status).toBe(409);
  });

  test.each([
    [{ ...news, threshold: 0 }, '/threshold'],
    [{ ...news, grace: -1 }, '/grace'],
    [{ ...news, freshness: 0 }, '/freshness'],
    [{ ...news, name: '' }, '/name'],
    [{ ...news, name: '  ' }, '/name'],
    [{ ...news, name: 'x'.repeat(65) }, '/name'],
    [{ ...news, name: 'a\nb' }, '/name'],
    [{ ...news, owner: 'me' }, '/owner'],
    [{ name: 'News', grace: 0 }, '/threshold'],
  ])('%j', async (body, pointer) => {
    const before = await api.everything();
    const reply = await api.call('POST', groups, body);
    expect(reply.status).toBe(422);
    expect(reply.body.errors[0].pointer).toBe(pointer);
    expect(await api.everything()).toBe(before);
  });

  test('a change of nothing', async () => {
    expect((await api.call('PATCH', `${groups}/1`, {})).status).toBe(422);
    expect((await api.call('PATCH', `${groups}/1`, { profiles: 3 })).status).toBe(422);
  });

  test('a name of 64 characters beyond the basic plane is one the database takes', async () => {
    expect((await api.call('POST', groups, { ...news, name: '😀'.repeat(64) })).status).toBe(201);
  });
});

describe('a new threshold plans the profiles of the group anew', () => {
  const hour = 3_600_000;
  const base = Date.parse('2030-01-01T00:00:00.000Z');
  const at = (hours: number) => new Date(base + hours * hour);
  let id: number;
  beforeEach(async () => {
    id = (await api.call('POST', groups, { name: 'News', threshold: '10h', grace: '2h' })).body.id;
    await api.call('POST', '/api/v1/profiles', [
      { id: '1', group: 'News' },
      { id: '2', group: 'News', threshold: '20h' },
      { id: '3', group: 'News', threshold: '20h', grace: '1h' },
      { id: '4', group: 'News' },
      { id: '5', group: 'News' },
      { id: '6' },
    ]);
    await api.pool.query(
      `UPDATE schedule SET account_state = 'ok', lane = 'checks.fresh', last_activity_at = $1,
      checked_at = $2, deadline_at = $3, next_check_at = $3 WHERE profile_id <> 5`,
      [at(0), at(15), at(12)],
    );
    // 4 has an alert: what counts is when it was looked at last.
    await api.pool.query(
      `INSERT INTO alerts (profile_id, kind, became_true_at, silent_since, suspected_at, confirmed_at,
      threshold_s, grace_s) VALUES (4, 'inactivity', $1, $1, $2, $3, 36000, 7200)`,
      [at(0), at(12), at(13)],
    );
  });
  const plan = async () =>
    Object.fromEntries(
      (await api.pool.query('SELECT * FROM schedule ORDER BY profile_id')).rows.map(row => [
        row.profile_id,
        [
          row.deadline_at === null ? null : (row.deadline_at - base) / hour,
          (row.next_check_at - base) / hour,
          row.lane,
        ],
      ]),
    );
  const lead = 90 / 3_600;

  test('earlier: the next look comes forward, a moment before the deadline', async () => {
    const before = await plan();
    const reply = await api.call('PATCH', `${groups}/${id}`, { threshold: '4h' });
    expect([reply.status, reply.body.replan.state]).toEqual([200, 'queued']);
    await runJobs(api.pool);
    const after = await plan();
    expect(after['1']).toEqual([6, 6 - lead, 'checks.deadline']);
    expect(after['2']).toEqual([22, 12, 'checks.fresh']);
    expect(after['3']).toEqual(before['3']);
    expect(after['4']).toEqual([21, 12, 'checks.fresh']);
    expect(after['5']).toEqual(before['5']);
    expect(after['6']).toEqual(before['6']);
  });

  test('later: the next look stays where it is', async () => {
    await api.call('PATCH', `${groups}/${id}`, { grace: '10h' });
    await runJobs(api.pool);
    expect(await plan()).toMatchObject({
      1: [20, 12, 'checks.fresh'],
      2: [30, 12, 'checks.fresh'],
      3: [12, 12, 'checks.fresh'],
    });
  });

  test('a new name or freshness, and a threshold that is in force already, plan nothing', async () => {
    const before = await plan();
    const reply = await api.call('PATCH', `${groups}/${id}`, {
      name: 'Press',
      freshness: '1h',
      threshold: '10h',
    });
    expect(changedGroup.parse(reply.body)).toMatchObject({ name: 'Press', replan: null });
    await runJobs(api.pool);
    expect(await plan()).toEqual(before);
  });
});
