import type { Judgment } from '@app/policy/judgment';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Claimed, claimDue, overdue, releaseClaims } from './claim.ts';
import { keyByUserId } from './handles.ts';
import { loadKnown } from './known.ts';
import { createPool, type Pool } from './pool.ts';
import { requestCheck } from './profiles.ts';
import { recordJudgments } from './record.ts';
import type { Judged } from './record-columns.ts';
import { cloneDatabase, type TestDatabase } from './test/test-database.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

beforeEach(async () => {
  await pool.query('TRUNCATE profiles, activities CASCADE');
});

const lane = 'checks.fresh';
const lease = 60_000;

/** Profiles 1 to n, due since n, n-1, … seconds. */
async function add(n: number): Promise<void> {
  await pool.query(
    'INSERT INTO profiles (profile_id, handle) SELECT i, $2 || i FROM generate_series(1, $1::integer) i',
    [n, 'user'],
  );
  await pool.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane)
     SELECT i, now() - i * interval '1 second', 'checks.fresh' FROM generate_series(1, $1::integer) i`,
    [n],
  );
}

async function claim(most = 1_000, leaseMs = lease): Promise<Claimed[]> {
  return [...(await claimDue(pool, lane, most, leaseMs)).claimed];
}

async function judgedAs(claimed: Claimed[], change: (now: number) => Partial<Judgment>): Promise<Judged[]> {
  const { now, known } = await loadKnown(pool, claimed);
  return known.map(one => {
    const {
      profileId: _,
      handle: __,
      name: ___,
      watchedSince: ____,
      rule: _____,
      unresolvedAlerts: ______,
      ...rest
    } = one.known;
    const judgment: Judgment = {
      state: { ...rest, deadline: null },
      next: { at: now + 3_600_000, lane: 'checks.fresh', reason: 'fresh' },
      activities: [],
      opened: [],
      resolved: [],
      identity: null,
      ...change(now),
    };
    return { ...one, judgment };
  });
}

describe('claiming', () => {
  test('takes what is due, earliest first, and postpones it by the lease', async () => {
    await add(10);
    const first = await claimDue(pool, lane, 3, lease);
    expect(first.claimed.map(row => row.profileId).sort()).toEqual(['10', '8', '9']);
    expect(first.leaseUntil - Date.now()).toBeGreaterThan(lease - 10_000);
    expect((await claim()).length).toBe(7);
    expect(await claim()).toEqual([]);
  });

  test('by several producers at once takes every row once', async () => {
    await add(2_000);
    const taken = (await Promise.all(Array.from({ length: 8 }, () => claim(500))))
      .flat()
      .map(row => row.profileId);
    expect(new Set(taken).size).toBe(taken.length);
    const rest = (await claim(2_000)).length;
    expect(taken.length + rest).toBe(2_000);
  });

  test('of an unresolved profile brings its handle', async () => {
    await pool.query(`INSERT INTO profiles (profile_id, handle) VALUES (-5, 'Jack')`);
    await pool.query(
      `INSERT INTO schedule (profile_id, next_check_at, lane) VALUES (-5, now(), 'checks.fresh')`,
    );
    expect(await claim()).toMatchObject([{ profileId: '-5', claimVersion: 1, handle: 'Jack' }]);
  });

  test('lapses: a row whose holder died comes due again with a newer version', async () => {
    await add(1);
    const [first] = await claim(1, 0);
    const [second] = await claim(1, lease);
    expect([first?.claimVersion, second?.claimVersion]).toEqual([1, 2]);
  });

  test('can be given back, unless the row was claimed anew', async () => {
    await add(2);
    const claimed = await claim();
    await pool.query('UPDATE schedule SET claim_version = claim_version + 1 WHERE profile_id = 2');
    expect(await releaseClaims(pool, claimed)).toBe(1);
    expect((await claim()).map(row => row.profileId)).toEqual(['1']);
  });

  test('overdue rows are counted per lane, with the age of the oldest', async () => {
    await add(5);
    const seen = await overdue(pool, lane);
    expect(seen.rows).toBe(5);
    expect(seen.oldestMs).toBeGreaterThanOrEqual(5_000);
    expect(await overdue(pool, 'checks.deadline')).toEqual({ rows: 0, oldestMs: 0 });
  });
});

describe('recording', () => {
  test('says why the next look comes: the first, then what was judged, then that somebody asked', async () => {
    await add(1);
    const reason = async () =>
      (await pool.query('SELECT reason FROM schedule WHERE profile_id = 1')).rows[0].reason as string;
    expect(await reason()).toBe('first_look');
    await recordJudgments(pool, await judgedAs(await claim(), () => ({})));
    expect(await reason()).toBe('fresh');
    await requestCheck(pool, '1');
    expect(await reason()).toBe('manual');
  });

  test('knows how much the freshness of a group is worth, and refuses what cannot be', async () => {
    await add(1);
    await pool.query('UPDATE groups SET weight = 4');
    const { known } = await loadKnown(pool, await claim());
    expect(known[0]?.known.rule.weight).toBe(4);
    await expect(pool.query('UPDATE groups SET weight = 0')).rejects.toThrow('groups_weight_check');
    await pool.query('UPDATE groups SET weight = 1');
  });

  test('keeps state, activities, alerts and names of a batch, and repeating it changes nothing', async () => {
    await add(2);
    const batch = await judgedAs(await claim(), now => ({
      activities: [{ kind: 'post', occurredAt: now - 10_000_000_000, windowFrom: null, postId: '99' }],
      opened: [
        {
          kind: 'inactivity',
          baseline: true,
          becameTrueAt: now - 9_000_000_000,
          silentSince: now - 10_000_000_000,
          suspectedAt: now - 60_000,
          confirmedAt: now,
          formerHandle: null,
          newHandle: null,
        },
      ],
      identity: { handle: 'renamed', name: 'New Name' },
    }));
    const both = expect.arrayContaining(['1', '2']);
    expect(await recordJudgments(pool, batch)).toEqual({
      written: both,
      withheld: [],
      activities: 2,
      opened: 2,
      resolved: 0,
    });
    expect(await recordJudgments(pool, batch)).toEqual({
      written: both,
      withheld: [],
      activities: 0,
      opened: 0,
      resolved: 0,
    });
    const { rows } = await pool.query(`SELECT (SELECT count(*)::int FROM alert_events) AS events,
      (SELECT count(*)::int FROM alerts) AS alerts, (SELECT array_agg(handle ORDER BY handle) FROM former_handles) AS former,
      (SELECT array_agg(DISTINCT name) FROM profiles) AS names`);
    expect(rows[0]).toEqual({ events: 2, alerts: 2, former: ['user1', 'user2'], names: ['New Name'] });
  });

  test('a result whose lease was claimed anew changes nothing at all', async () => {
    await add(1);
    const late = await judgedAs(await claim(1, 0), now => ({
      activities: [{ kind: 'post', occurredAt: now, windowFrom: null, postId: '1' }],
      identity: { handle: 'late', name: null },
    }));
    const current = await claim(1, lease);
    expect(await recordJudgments(pool, late)).toEqual({
      written: [],
      withheld: [],
      activities: 0,
      opened: 0,
      resolved: 0,
    });
    expect((await loadKnown(pool, current)).known[0]?.known.handle).toBe('user1');
  });

  test('nothing of a deleted profile is written, not even its activities', async () => {
    await add(1);
    const batch = await judgedAs(await claim(), now => ({
      activities: [{ kind: 'post', occurredAt: now, windowFrom: null, postId: '1' }],
    }));
    await pool.query('DELETE FROM profiles');
    await recordJudgments(pool, batch);
    const { rows } = await pool.query('SELECT count(*)::int AS n FROM activities');
    expect(rows[0].n).toBe(0);
  });

  test('an alert that ends says which activity ended it', async () => {
    await add(1);
    await pool.query(`INSERT INTO alerts (profile_id, kind, became_true_at, suspected_at, confirmed_at, threshold_s, grace_s)
                      VALUES (1, 'not_found', now(), now(), now(), 60, 0)`);
    const claimed = await claim();
    expect((await loadKnown(pool, claimed)).known[0]?.known.unresolvedAlerts).toEqual(['not_found']);
    const batch = await judgedAs(claimed, now => ({
      resolved: [{ kind: 'not_found', activityAt: now - 5 }],
    }));
    expect((await recordJudgments(pool, batch)).resolved).toBe(1);
    const { rows } = await pool.query(`SELECT a.status, e.event, e.activity_at IS NOT NULL AS said
                                       FROM alerts a JOIN alert_events e USING (alert_id)`);
    expect(rows).toEqual([{ status: 'resolved', event: 'resolved', said: true }]);
  });

  test('overlapping batches in different orders never deadlock', async () => {
    await add(200);
    const batch = await judgedAs(await claim(), () => ({}));
    const shuffled = Array.from({ length: 12 }, (_, i) =>
      batch.toSorted(
        (a, b) =>
          ((Number(a.known.profileId) * (i + 3)) % 211) - ((Number(b.known.profileId) * (i + 3)) % 211),
      ),
    );
    const results = await Promise.all(shuffled.map(one => recordJudgments(pool, one)));
    expect(results.every(result => result.written.length === 200)).toBe(true);
    const { rows } = await pool.query(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(rows[0].deadlocks).toBe(0);
  });

  test('a stale look never moves the last activity back', async () => {
    await add(1);
    await pool.query(`UPDATE schedule SET last_activity_at = '2026-05-01'`);
    const batch = await judgedAs(await claim(), () => ({}));
    const older = batch.map(one => ({
      ...one,
      judgment: { ...one.judgment, state: { ...one.judgment.state, lastActivityAt: Date.UTC(2020, 0, 1) } },
    }));
    await recordJudgments(pool, older);
    const { rows } = await pool.query('SELECT last_activity_at FROM schedule');
    expect(rows[0].last_activity_at).toBe(Date.UTC(2026, 4, 1));
  });
});

describe('a handle whose id X has named', () => {
  async function addHandle(handle: string, profileId = -1): Promise<Claimed> {
    await pool.query('INSERT INTO profiles (profile_id, handle) VALUES ($1, $2)', [profileId, handle]);
    await pool.query(
      `INSERT INTO schedule (profile_id, next_check_at, lane) VALUES ($1, now() - interval '1 day', 'checks.fresh')`,
      [profileId],
    );
    return (await claim())[0] as Claimed;
  }

  test('is keyed by the id from then on, with its schedule and alerts', async () => {
    const claimed = await addHandle('jack');
    await pool.query(`INSERT INTO alerts (profile_id, kind, became_true_at, suspected_at, confirmed_at, threshold_s, grace_s)
                      VALUES (-1, 'not_found', now(), now(), now(), 60, 0)`);
    const keyed = await keyByUserId(pool, [{ ...claimed, userId: '12', handle: 'jack' }]);
    expect(keyed.map(one => one.userId)).toEqual(['12']);
    const loaded = await loadKnown(pool, [{ ...claimed, profileId: '12' }]);
    expect(loaded.known[0]?.known).toMatchObject({
      profileId: '12',
      handle: 'jack',
      unresolvedAlerts: ['not_found'],
    });
  });

  test('becomes one with the profile that is watched under that id', async () => {
    await add(1);
    await claim();
    const claimed = await addHandle('jack');
    expect(await keyByUserId(pool, [{ ...claimed, userId: '1', handle: 'jack' }])).toEqual([]);
    const { rows } = await pool.query('SELECT profile_id, handle FROM profiles');
    expect(rows).toEqual([{ profile_id: '1', handle: 'user1' }]);
  });

  test('that another profile is stored under is not re-attached: that profile is looked at now', async () => {
    await add(1);
    await claim();
    const claimed = await addHandle('USER1');
    await keyByUserId(pool, [{ ...claimed, userId: '2', handle: 'USER1' }]);
    const { rows } = await pool.query(
      `SELECT profile_id, next_check_at <= now() AS due, lane FROM schedule ORDER BY profile_id`,
    );
    expect(rows[0]).toEqual({ profile_id: '1', due: true, lane: 'checks.manual' });
    expect(rows[1]).toMatchObject({ profile_id: '2' });
  });

  test('is left alone when its lease was claimed anew', async () => {
    const claimed = await addHandle('jack');
    await pool.query('UPDATE schedule SET claim_version = claim_version + 1');
    expect(await keyByUserId(pool, [{ ...claimed, userId: '12', handle: 'jack' }])).toEqual([]);
    const { rows } = await pool.query('SELECT profile_id FROM profiles');
    expect(rows).toEqual([{ profile_id: '-1' }]);
  });
});
