import { alertPage, alertWithEvents } from '@app/contract/alert';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './test/test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.call('POST', '/api/v1/groups', { name: 'News', threshold: '1d', grace: '1h' });
  await api.call('POST', '/api/v1/profiles', [{ id: '1', group: 'News' }, { id: '2' }, { handle: 'gone' }]);
  await api.pool.query(`UPDATE profiles SET handle = 'jack' WHERE profile_id = 1`);
  await api.pool.query(`INSERT INTO alerts (profile_id, kind, baseline, became_true_at, opened_at, silent_since, suspected_at,
    confirmed_at, threshold_s, grace_s) VALUES (1, 'inactivity', true, '2030-01-02Z', '2030-01-03Z', '2030-01-01Z',
    '2030-01-01 23:59Z', '2030-01-02Z', 3600, 60)`);
  await api.pool.query(`INSERT INTO alerts (profile_id, kind, status, became_true_at, opened_at, suspected_at, confirmed_at,
    threshold_s, grace_s, resolved_at) SELECT profile_id, 'not_found', 'resolved', now(), '2030-01-02Z', now(), now(), 1, 1, '2030-01-04Z'
    FROM profiles WHERE handle = 'gone'`);
  // Forty in one microsecond: the id decides.
  await api.pool.query(`INSERT INTO alerts (profile_id, kind, status, became_true_at, opened_at, suspected_at, confirmed_at,
    threshold_s, grace_s, resolved_at, former_handle, new_handle)
    SELECT 2, 'renamed', 'resolved', now(), '2020-01-01Z', now(), now(), 1, 1, now(), 'a', 'b' FROM generate_series(1, 40)`);
  await api.pool.query(`INSERT INTO alert_events (alert_id, profile_id, event, at, activity_at)
    SELECT alert_id, profile_id, 'opened', opened_at, NULL::timestamptz FROM alerts WHERE kind <> 'renamed'
    UNION ALL SELECT alert_id, profile_id, 'resolved', resolved_at, '2030-01-03Z'::timestamptz FROM alerts WHERE kind = 'not_found'`);
});
afterAll(() => api.stop());

const alerts = '/api/v1/alerts';
const kinds = async (query: string) =>
  alertPage.parse((await api.call('GET', `${alerts}?${query}`)).body).items.map(item => item.kind);

test('the newest comes first, with its evidence', async () => {
  const page = alertPage.parse((await api.call('GET', `${alerts}?limit=2`)).body);
  expect(page.items[0]).toEqual({
    id: expect.stringMatching(/^\d+$/),
    profile: { id: '1', handle: 'jack' },
    kind: 'inactivity',
    status: 'open',
    baseline: true,
    became_true_at: '2030-01-02T00:00:00.000Z',
    opened_at: '2030-01-03T00:00:00.000Z',
    silent_since: '2030-01-01T00:00:00.000Z',
    suspected_at: '2030-01-01T23:59:00.000Z',
    confirmed_at: '2030-01-02T00:00:00.000Z',
    threshold: 3_600,
    grace: 60,
    former_handle: null,
    new_handle: null,
    resolved_at: null,
  });
  expect(page.items[1]?.profile).toEqual({ id: null, handle: 'gone' });
});

describe('filters', () => {
  test.each([
    ['status=open', ['inactivity']],
    ['status=open,acknowledged', ['inactivity']],
    ['kind=not_found,inactivity', ['inactivity', 'not_found']],
    ['group=news', ['inactivity']],
    ['profile=1', ['inactivity']],
    ['profile=@Jack', ['inactivity']],
    ['profile=@gone&status=resolved', ['not_found']],
    ['profile=@gone&status=open', []],
  ])('%s', async (query, expected) => {
    expect(await kinds(query)).toEqual(expected);
  });

  test('that name nothing are refused', async () => {
    expect((await api.call('GET', `${alerts}?profile=@nobody`)).status).toBe(400);
    expect((await api.call('GET', `${alerts}?group=nobody`)).status).toBe(400);
  });
});

test('paging visits each alert once, also those of one instant', async () => {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page = alertPage.parse(
      (await api.call('GET', `${alerts}?limit=9${cursor ? `&cursor=${cursor}` : ''}`)).body,
    );
    ids.push(...page.items.map(item => item.id));
    cursor = page.next_cursor;
  } while (cursor);
  expect(ids).toHaveLength(42);
  expect(new Set(ids).size).toBe(42);
});

test('one alert comes with what happened to it, in order', async () => {
  const [{ id }] = (await api.call('GET', `${alerts}?kind=not_found`)).body.items;
  const shown = alertWithEvents.parse((await api.call('GET', `${alerts}/${id}`)).body);
  expect(shown.events).toEqual([
    { event: 'opened', at: '2030-01-02T00:00:00.000Z', activity_at: null },
    { event: 'resolved', at: '2030-01-04T00:00:00.000Z', activity_at: '2030-01-03T00:00:00.000Z' },
  ]);
});

test('a profile shows which kinds of alert it has', async () => {
  expect((await api.call('GET', '/api/v1/profiles/1')).body.open_alerts).toEqual(['inactivity']);
});
