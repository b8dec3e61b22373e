import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leadMaintenance, TableInUseError, type Work, workOn } from './maintenance.ts';
import { monthName, monthStart } from './partitions.ts';
import { createPool, type Pool } from './pool.ts';
import { type Retention, retainActivities, retainAlerts, retainRollUps } from './retention.ts';
import { growOlder, partitionsOf } from './test/old-database.ts';
import { cloneDatabase, type TestDatabase } from './test/test-database.ts';

const oneDay = 86_400_000;
const forEver: Retention = { activities: 0, alerts: 0, rollUps: 0 };

let database: TestDatabase;
let pool: Pool;

beforeEach(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
  await pool.query('INSERT INTO profiles (profile_id) VALUES (1)');
});

afterEach(async () => {
  await pool.end();
  await database.drop();
});

async function lead<T>(run: (work: Work) => Promise<T>): Promise<T> {
  let result: { is: T } | undefined;
  await leadMaintenance(pool, async db => {
    result = { is: await run(workOn(db, new AbortController().signal)) };
  });
  if (!result) throw new Error('another one leads');
  return result.is;
}

const add = (...times: number[]) =>
  pool.query(
    `INSERT INTO activities (profile_id, occurred_at, kind) SELECT 1, t, 'post' FROM unnest($1::timestamptz[]) AS t`,
    [times.map(time => new Date(time))],
  );
const kept = async () =>
  (await pool.query<{ at: number }>('SELECT occurred_at AS at FROM activities ORDER BY 1')).rows.map(
    row => row.at,
  );
const month = (back: number) => monthStart(Date.now(), -back);
const monthTable = (back: number, of = 'activities') => `${of}_${monthName(month(back))}`;
/** The days after which the month so many back is older than all that is kept, to the day. */
const daysSinceEnd = (back: number) => Math.floor((Date.now() - month(back - 1)) / oneDay);

describe('activities', () => {
  test('are dropped by months, once all of a month is too old, and counted before', async () => {
    await growOlder(pool, 6);
    await add(month(6), month(5) - 1, month(5), month(4) - 1, month(4), Date.now());
    const days = daysSinceEnd(5);
    expect(await lead(work => retainActivities(work, { ...forEver, activities: days }))).toBe(2);
    expect(await kept()).toEqual([month(4), expect.closeTo(Date.now(), -5)]);
    expect(await partitionsOf(pool, 'activities')).toEqual([
      'activities_earlier',
      ...[4, 3, 2, 1, 0, -1, -2, -3].map(back => monthTable(back)),
    ]);
    const { rows } = await pool.query(
      'SELECT sum(activities)::int AS all FROM activity_days WHERE group_id = 0',
    );
    expect(rows[0].all).toBe(4);
    expect(await partitionsOf(pool, 'activity_months')).toEqual(
      [6, 5].map(back => monthTable(back, 'activity_months')),
    );
  });

  test('of a month that ended a moment less than so long ago are all kept', async () => {
    await growOlder(pool, 6);
    await add(month(6), month(5) - 1, month(5));
    const days = daysSinceEnd(6) + 1;
    expect(await lead(work => retainActivities(work, { ...forEver, activities: days }))).toBe(0);
    expect(await kept()).toEqual([month(6), month(5) - 1, month(5)]);
  });

  test('from before the first month go one by one, while younger ones from there stay', async () => {
    const cutoff = Date.now() - 100 * oneDay;
    await add(Date.UTC(2010, 10, 6), cutoff - 1_000, cutoff + 60_000, Date.now());
    expect(await lead(work => retainActivities(work, { ...forEver, activities: 100 }))).toBe(0);
    expect(await kept()).toEqual([cutoff + 60_000, expect.closeTo(Date.now(), -5)]);
  });

  test('from before the first month all go, however many pages they fill', async () => {
    await pool.query(
      `INSERT INTO activities (profile_id, occurred_at, kind)
       SELECT 1, '2020-01-01Z'::timestamptz + i * interval '1 second', 'like' FROM generate_series(1, 200000) AS i`,
    );
    await add(Date.now());
    await lead(work => retainActivities(work, { ...forEver, activities: 100 }));
    expect(await kept()).toHaveLength(1);
  });

  test('that are found when they are too old already find a place, and go with the next run', async () => {
    await growOlder(pool, 6);
    const keep = { ...forEver, activities: 100 };
    await lead(work => retainActivities(work, keep));
    await add(month(6) + 5, Date.UTC(2011, 0, 1));
    expect(await kept()).toHaveLength(2);
    await lead(work => retainActivities(work, keep));
    expect(await kept()).toEqual([]);
  });

  test('are kept for ever when that is wanted', async () => {
    await growOlder(pool, 6);
    await add(Date.UTC(2011, 0, 1), month(6));
    expect(await lead(work => retainActivities(work, forEver))).toBe(0);
    expect(await kept()).toHaveLength(2);
  });

  test('leave no counts behind that would be too old themselves', async () => {
    await growOlder(pool, 6);
    await add(month(6));
    expect(
      await lead(work => retainActivities(work, { ...forEver, activities: 100, rollUps: 100 })),
    ).toBeGreaterThan(0);
    expect(await partitionsOf(pool, 'activity_months')).toEqual([]);
    expect((await pool.query('SELECT FROM activity_days')).rowCount).toBe(0);
  });

  test('that somebody holds stay, counted, and go with the next run', async () => {
    await growOlder(pool, 5);
    await add(month(5));
    const dump = await pool.connect();
    await dump.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM activities');
    const keep = { ...forEver, activities: daysSinceEnd(5) };
    await expect(lead(work => retainActivities(work, keep))).rejects.toThrow(TableInUseError);
    await dump.query('COMMIT');
    dump.release();
    expect(await kept()).toEqual([month(5)]);
    expect(await lead(work => retainActivities(work, keep))).toBe(1);
    expect(await kept()).toEqual([]);
    expect((await pool.query('SELECT days FROM activity_months')).rows).toEqual([{ days: [257] }]);
  });
});

describe('alerts', () => {
  const insert = (kind: string, openedDaysAgo: number, resolvedAgo: string | null) =>
    pool.query(
      `WITH made AS (
         INSERT INTO alerts (profile_id, kind, status, became_true_at, opened_at, suspected_at, confirmed_at, threshold_s, grace_s, resolved_at)
         SELECT 1, $1, CASE WHEN $3::interval IS NULL THEN 'open' ELSE 'resolved' END::alert_status, now(), now() - $2 * interval '1 day',
                now(), now(), 1, 1, now() - $3::interval RETURNING alert_id, profile_id)
       INSERT INTO alert_events (alert_id, profile_id, event) SELECT alert_id, profile_id, 'opened' FROM made`,
      [kind, openedDaysAgo, resolvedAgo],
    );

  test('that were resolved too long ago go with their events; open ones stay, however old', async () => {
    await insert('suspended', 300, '100 days 1 minute');
    await insert('suspended', 300, '99 days 23 hours');
    await insert('not_found', 900, null);
    expect(await lead(work => retainAlerts(work, { ...forEver, alerts: 100 }))).toBe(1);
    const { rows } = await pool.query('SELECT kind, status FROM alerts ORDER BY alert_id');
    expect(rows).toEqual([
      { kind: 'suspended', status: 'resolved' },
      { kind: 'not_found', status: 'open' },
    ]);
    expect((await pool.query('SELECT FROM alert_events')).rowCount).toBe(2);
    expect(await lead(work => retainAlerts(work, forEver))).toBe(0);
  });

  test('go in pieces, also when very many were resolved at one instant', async () => {
    await pool.query(
      `INSERT INTO alerts (profile_id, kind, status, became_true_at, suspected_at, confirmed_at, threshold_s, grace_s, resolved_at)
       SELECT 1, 'renamed', 'resolved', now(), now(), now(), 1, 1, now() - (i / 4500) * interval '1 day' - interval '200 days'
         FROM generate_series(1, 9000) AS i`,
    );
    await insert('renamed', 200, '10 days');
    expect(await lead(work => retainAlerts(work, { ...forEver, alerts: 100 }))).toBe(9_000);
    expect((await pool.query('SELECT FROM alerts')).rowCount).toBe(1);
  });
});

describe('counts', () => {
  test('of profiles are dropped by months, and of all by days', async () => {
    const rollUps = daysSinceEnd(5);
    for (const back of [6, 5, 4]) {
      const [from, to] = [month(back), month(back - 1)].map(time => new Date(time).toISOString());
      await pool.query(
        `CREATE TABLE ${monthTable(back, 'activity_months')} PARTITION OF activity_months FOR VALUES FROM ('${from}') TO ('${to}')`,
      );
    }
    await pool.query(
      `INSERT INTO activity_days SELECT (now() AT TIME ZONE 'UTC')::date - $1::int + i, g, 'post', 1
         FROM generate_series(-3, 3) AS i, generate_series(0, 3000) AS g`,
      [rollUps],
    );
    await pool.query(
      `INSERT INTO alert_days SELECT (now() AT TIME ZONE 'UTC')::date - $1::int + i, 0, 'renamed', 1, 1 FROM generate_series(-3, 3) AS i`,
      [rollUps],
    );
    expect(await lead(work => retainRollUps(work, { ...forEver, rollUps }))).toBe(2);
    expect(await partitionsOf(pool, 'activity_months')).toEqual([monthTable(4, 'activity_months')]);
    const days = (table: string) => pool.query(`SELECT DISTINCT day FROM ${table}`);
    // The day in which so long ago lies, and the three after it.
    expect((await days('activity_days')).rowCount).toBe(4);
    expect((await days('alert_days')).rowCount).toBe(4);
    expect(await lead(work => retainRollUps(work, forEver))).toBe(0);
    expect((await days('activity_days')).rowCount).toBe(4);
  });
});
