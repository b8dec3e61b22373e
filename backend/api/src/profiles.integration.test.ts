import { activityPage } from '@app/contract/activity';
import { checkRequested, profile, profilePage, profileWithHistory } from '@app/contract/profile';
import { addedProfiles } from '@app/contract/profile-input';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './test/test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());
beforeEach(() => api.empty());

const profiles = '/api/v1/profiles';
const scheduled = async () =>
  (await api.pool.query('SELECT lane, next_check_at <= now() AS due FROM schedule ORDER BY profile_id')).rows;

describe('adding one profile', () => {
  test('by its id answers the profile, due at once', async () => {
    const reply = await api.call('POST', profiles, { id: '12', threshold: '2d', grace: 0, basis: 'own' });
    expect(reply.status).toBe(201);
    expect(reply.headers.get('location')).toBe('/api/v1/profiles/12');
    expect(profile.parse(reply.body)).toMatchObject({
      id: '12',
      handle: null,
      group: 'default',
      status: 'pending',
      threshold: 172_800,
      threshold_from: 'profile',
      grace: 0,
      grace_from: 'profile',
      basis: 'own',
      last_activity_at: null,
      open_alerts: [],
    });
    expect(await scheduled()).toEqual([{ lane: 'checks.manual', due: true }]);
  });

  test('by its handle answers a profile without an id, found under @handle', async () => {
    const reply = await api.call('POST', profiles, { url: 'https://x.com/Jack?lang=en' });
    expect(reply.headers.get('location')).toBe('/api/v1/profiles/@Jack');
    expect(profile.parse(reply.body)).toMatchObject({ id: null, handle: 'Jack', threshold_from: 'group' });
    const shown = await api.call('GET', `${profiles}/@jack`);
    expect(profileWithHistory.parse(shown.body)).toMatchObject({
      id: null,
      handle: 'Jack',
      former_handles: [],
    });
  });

  test('that is watched already is refused, linked and left as it is', async () => {
    await api.call('POST', profiles, { id: '12', threshold: 60 });
    await api.pool.query(`UPDATE profiles SET handle = 'jack' WHERE profile_id = 12`);
    await api.call('POST', profiles, { handle: 'ev' });
    const before = await api.everything();
    for (const [body, existing] of [
      [{ id: '12', threshold: 90 }, '12'],
      [{ id: 12 }, '12'],
      [{ profile: '@JACK' }, '12'],
      [{ handle: 'EV', grace: 5 }, '@ev'],
    ] as const) {
      const reply = await api.call('POST', profiles, body);
      expect(reply.status).toBe(409);
      expect(reply.body.existing).toBe(`/api/v1/profiles/${existing}`);
    }
    expect(await api.everything()).toBe(before);
  });
});

describe('adding a list', () => {
  test('tells what was made and what was there, also twice within the list', async () => {
    await api.call('POST', profiles, { id: '1' });
    await api.call('POST', '/api/v1/groups', { name: 'News', threshold: '1d', grace: '1h' });
    const reply = await api.call('POST', profiles, [
      { id: '1' },
      { handle: 'jack', group: 'news' },
      { profile: 'https://twitter.com/JACK' },
      { profile: '2' },
      { id: 2 },
    ]);
    expect(reply.status).toBe(201);
    expect(addedProfiles.parse(reply.body)).toEqual({
      created: [
        { index: 1, reference: '@jack', id: null },
        { index: 3, reference: '2', id: '2' },
      ],
      duplicates: [
        { index: 0, reference: '1', id: '1' },
        { index: 2, reference: '@JACK', id: null },
        { index: 4, reference: '2', id: '2' },
      ],
    });
    expect((await api.call('GET', `${profiles}/@jack`)).body).toMatchObject({
      group: 'News',
      threshold: 86_400,
    });
    expect((await api.call('POST', profiles, [{ id: '1' }])).status).toBe(200);
  });

  test('of ten thousand goes in one request, in the lane for loads', async () => {
    const list = Array.from({ length: 10_000 }, (_, index) => ({ handle: `user_${index}` }));
    const reply = await api.call('POST', profiles, list);
    expect(reply.body.created).toHaveLength(10_000);
    expect((await scheduled())[0]).toEqual({ lane: 'checks.fresh', due: true });
  });

  test('from many at the same time makes each profile once', async () => {
    const list = Array.from({ length: 200 }, (_, index) =>
      index % 2 ? { handle: `h${index}` } : { id: index + 1 },
    );
    const replies = await Promise.all(
      [list, list.toReversed(), list, list.toReversed()].map(body => api.call('POST', profiles, body)),
    );
    expect(replies.every(reply => reply.status < 300)).toBe(true);
    expect(replies.reduce((sum, reply) => sum + reply.body.created.length, 0)).toBe(200);
    expect(await scheduled()).toHaveLength(200);
  });
});

describe('paging', () => {
  test('visits each row exactly once, while rows are being inserted', async () => {
    await api.pool.query(`INSERT INTO profiles (profile_id) SELECT i * 10 FROM generate_series(1, 500) i`);
    await api.pool.query(
      `INSERT INTO schedule (profile_id, next_check_at, lane) SELECT profile_id, now(), 'checks.fresh' FROM profiles`,
    );
    const seen: string[] = [];
    let cursor: string | null = null;
    let extra = 0;
    do {
      const path: string = `${profiles}?limit=37${cursor ? `&cursor=${cursor}` : ''}`;
      const page = profilePage.parse((await api.call('GET', path)).body);
      seen.push(...page.items.map(item => item.id ?? ''));
      cursor = page.next_cursor;
      await api.call('POST', profiles, [{ id: ++extra }, { id: 2_501 + extra * 10 }, { id: 90_000 + extra }]);
    } while (cursor);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter(id => Number(id) % 10 === 0 && Number(id) <= 5_000)).toHaveLength(500);
  });

  test('of activities loses none that share a millisecond', async () => {
    await api.call('POST', profiles, { id: '12' });
    await api.pool.query(`INSERT INTO activities (profile_id, occurred_at, kind)
      SELECT 12, date_trunc('second', now()) + (i / 4) * interval '1 microsecond', (enum_range(NULL::activity_kind))[i % 4 + 1]
        FROM generate_series(0, 99) i`);
    const kinds: string[] = [];
    let cursor: string | null = null;
    do {
      const path: string = `${profiles}/12/activities?limit=7${cursor ? `&cursor=${cursor}` : ''}`;
      const page = activityPage.parse((await api.call('GET', path)).body);
      kinds.push(...page.items.map(item => item.kind));
      cursor = page.next_cursor;
    } while (cursor);
    expect(kinds).toHaveLength(100);
    expect(kinds.filter(kind => kind === 'post')).toHaveLength(25);
  });
});

describe('filters', () => {
  beforeEach(async () => {
    await api.call('POST', '/api/v1/groups', { name: 'News', threshold: '1d', grace: '1h' });
    await api.call('POST', profiles, [
      { handle: 'a_b' },
      { handle: 'axb', group: 'News' },
      { handle: 'A_Z' },
      { id: 5, group: 'News' },
      { id: 6 },
    ]);
    await api.pool.query(`UPDATE schedule SET account_state = 'suspended' WHERE profile_id = 5`);
    await api.pool.query(
      `UPDATE schedule SET account_state = 'ok', checked_at = now(), last_activity_at = now() WHERE profile_id = 6`,
    );
  });
  const found = async (query: string) =>
    (await api.call('GET', `${profiles}?${query}`)).body.items.map(
      (item: { id: string; handle: string }) => item.id ?? item.handle,
    );

  test('by the beginning of a handle, where _ is a letter like any other', async () => {
    expect((await found('q=%40a_')).sort()).toEqual(['A_Z', 'a_b']);
    expect((await found('q=A')).sort()).toEqual(['A_Z', 'a_b', 'axb']);
  });
  test('by a part of a handle, those that begin with it first; with an @ only those', async () => {
    await api.call('POST', profiles, [{ handle: 'ryan_axb' }, { handle: 'xb_an' }, { handle: 'Axbow' }]);
    expect(await found('q=axb')).toEqual(['axb', 'Axbow', 'ryan_axb']);
    expect(await found('q=@axb')).toEqual(['axb', 'Axbow']);
    expect(await found('q=n_a')).toEqual(['ryan_axb']);
    expect(await found('q=xb')).toEqual(['xb_an']);
    expect(await found('q=axb&group=News')).toEqual(['axb']);
  });
  test('page by page, whatever they are', async () => {
    await api.call(
      'POST',
      profiles,
      Array.from({ length: 30 }, (_, i) => ({ handle: `${i % 2 ? 'abc' : 'x_abc'}${i}` })),
    );
    await api.pool.query(`UPDATE schedule SET account_state = 'not_found' WHERE profile_id % 3 = 0`);
    for (const filter of [
      'q=abc',
      'q=abc&status=pending',
      'status=pending,not_found,suspended',
      'group=default',
    ]) {
      const whole = await found(`${filter}&limit=1000`);
      const items: string[] = [];
      let cursor = '';
      do {
        const { body } = await api.call('GET', `${profiles}?${filter}&limit=4${cursor}`);
        items.push(...body.items.map((item: { id: string; handle: string }) => item.id ?? item.handle));
        cursor = body.next_cursor ? `&cursor=${body.next_cursor}` : '';
      } while (cursor);
      expect(items, filter).toEqual(whole);
      expect(new Set(items).size).toBe(items.length);
      expect(items.length).toBeGreaterThan(9);
    }
  });
  test('a cursor that was tampered with is refused', async () => {
    const { next_cursor } = (await api.call('GET', `${profiles}?limit=1`)).body;
    const parts = JSON.parse(Buffer.from(next_cursor, 'base64url').toString());
    for (const [place, value] of [
      [1, 'somewhere'],
      [2, 'some'],
      [3, 'deadline:tomorrow'],
      [3, 'schedule:'],
      [3, 'all:7'],
      [4, "0'"],
    ] as const) {
      const forged = Buffer.from(JSON.stringify(parts.with(place, value))).toString('base64url');
      const reply = await api.call('GET', `${profiles}?limit=1&cursor=${forged}`);
      expect([reply.status, reply.body.type], `${value}`).toEqual([400, '/problems/invalid-cursor']);
    }
  });
  test('by group, in any case', async () => {
    expect((await found('group=news')).sort()).toEqual(['5', 'axb']);
  });
  test('by one status or several', async () => {
    expect(await found('status=active')).toEqual(['6']);
    expect(await found('status=suspended,active')).toEqual(['5', '6']);
    expect(await found('status=pending&group=News&q=ax')).toEqual(['axb']);
  });
});

describe('one profile', () => {
  test('is checked now: due at once, in the lane for what people wait for', async () => {
    await api.call('POST', profiles, { id: '12' });
    await api.pool.query(
      `UPDATE schedule SET next_check_at = now() + interval '1 day', lane = 'checks.fresh'`,
    );
    const reply = await api.call('POST', `${profiles}/12/check`);
    expect(reply.status).toBe(202);
    expect(Date.parse(checkRequested.parse(reply.body).next_check_at)).toBeLessThanOrEqual(Date.now() + 1000);
    expect(await scheduled()).toEqual([{ lane: 'checks.manual', due: true }]);
  });
  test('that was due long ago is due now: producers pass over what lies far behind them', async () => {
    await api.call('POST', profiles, { id: '12' });
    await api.pool.query(`UPDATE schedule SET next_check_at = '2020-01-01Z'`);
    const { next_check_at } = (await api.call('POST', `${profiles}/12/check`)).body;
    expect(Date.parse(next_check_at)).toBeGreaterThan(Date.now() - 60_000);
  });

  test('is found by the handle of its resolved holder rather than by an unresolved one', async () => {
    await api.call('POST', profiles, [{ handle: 'jack' }, { id: 12 }]);
    await api.pool.query(`UPDATE profiles SET handle = 'Jack' WHERE profile_id = 12`);
    expect((await api.call('GET', `${profiles}/@JACK`)).body.id).toBe('12');
  });

  test('is deleted with everything of it, and nothing of others', async () => {
    await api.call('POST', profiles, [{ id: 12 }, { id: 13 }]);
    for (const id of [12, 13]) {
      await api.pool.query(`INSERT INTO former_handles VALUES ($1, 'old', now())`, [id]);
      await api.pool.query(
        `INSERT INTO activities (profile_id, occurred_at, kind) VALUES ($1, now(), 'post'), ($1, '2015-01-01', 'post')`,
        [id],
      );
      await api.pool.query(
        `WITH made AS (INSERT INTO alerts (profile_id, kind, became_true_at, suspected_at, confirmed_at, threshold_s, grace_s)
           VALUES ($1, 'suspended', now(), now(), now(), 1, 1) RETURNING alert_id, profile_id)
         INSERT INTO alert_events (alert_id, profile_id, event) SELECT alert_id, profile_id, 'opened' FROM made`,
        [id],
      );
    }
    expect((await api.call('DELETE', `${profiles}/12`)).status).toBe(204);
    const { rows: tables } = await api.pool.query<{ name: string }>(
      `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relkind IN ('r', 'p') AND a.attname = 'profile_id' AND c.relnamespace = 'public'::regnamespace`,
    );
    expect(tables.map(table => table.name)).toEqual(
      expect.arrayContaining(['profiles', 'activities', 'alert_events']),
    );
    for (const { name } of tables) {
      expect((await api.pool.query(`SELECT FROM ${name} WHERE profile_id = 12`)).rowCount, name).toBe(0);
    }
    for (const name of ['profiles', 'schedule', 'activities', 'alerts', 'alert_events', 'former_handles']) {
      expect(
        (await api.pool.query(`SELECT FROM ${name} WHERE profile_id = 13`)).rowCount,
        name,
      ).toBeGreaterThan(0);
    }
    expect((await api.call('DELETE', `${profiles}/12`)).status).toBe(404);
  });

  test('is deleted only after whoever writes it has finished', async () => {
    await api.call('POST', profiles, { id: 12 });
    const writer = await api.pool.connect();
    await writer.query('BEGIN; SELECT FROM schedule WHERE profile_id = 12 FOR UPDATE');
    const deleting = api.call('DELETE', `${profiles}/12`);
    await writer.query(`INSERT INTO activities (profile_id, occurred_at, kind) VALUES (12, now(), 'post')`);
    await new Promise(resolve => setTimeout(resolve, 200));
    await writer.query('COMMIT');
    writer.release();
    expect((await deleting).status).toBe(204);
    expect((await api.pool.query('SELECT FROM activities')).rowCount).toBe(0);
  });

  test('is deleted although the connection is lost in the middle', async () => {
    await api.call('POST', profiles, { id: 12 });
    const writer = await api.pool.connect();
    await writer.query('BEGIN; SELECT FROM schedule WHERE profile_id = 12 FOR UPDATE');
    const deleting = api.call('DELETE', `${profiles}/12`);
    await new Promise(resolve => setTimeout(resolve, 200));
    const killed = await api.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    expect(killed.rowCount).toBe(1);
    await writer.query('COMMIT');
    writer.release();
    expect((await deleting).status).toBe(204);
  });
});
