import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readProfileDays, readTotals } from './activity-days.ts';
import { rollUpAlerts } from './alert-days.ts';
import { leadMaintenance, markSucceeded, type Work, workOn } from './maintenance.ts';
import { dropOldestMonth, monthName, monthStart, readMonths } from './partitions.ts';
import { createPool, type Pool } from './pool.ts';
import { activityDaysStep, rollUpMonth, rollUpRecent } from './roll-up.ts';
import { growOlder } from './test/old-database.ts';
import { cloneDatabase, type TestDatabase } from './test/test-database.ts';

const oneDay = 86_400_000;
const today = Math.floor(Date.now() / oneDay) * oneDay;
const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);
const always = { from: '2000-01-01', to: '2100-01-01' };

let database: TestDatabase;
let pool: Pool;

async function open(): Promise<void> {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
  await pool.query(
    `INSERT INTO groups (name, threshold_s, grace_s, freshness_s) VALUES ('two', 60, 0, 604800)`,
  );
}

async function close(): Promise<void> {
  await pool.end();
  await database.drop();
}

beforeEach(open);
afterEach(close);

const forEver = new AbortController().signal;
async function lead(run: (work: Work) => Promise<unknown>, signal = forEver): Promise<void> {
  expect(await leadMaintenance(pool, async db => void (await run(workOn(db, signal))))).toBe(true);
}

interface Act {
  readonly profile: number;
  readonly at: number;
  readonly kind: 'post' | 'like' | 'follow' | 'profile_change';
}

async function addProfiles(count: number): Promise<void> {
  await pool.query(
    `INSERT INTO profiles (profile_id, group_id) SELECT i, 1 + i % 2 FROM generate_series(1, $1::integer) AS i`,
    [count],
  );
}

async function add(acts: readonly Act[]): Promise<void> {
  await pool.query(
    `INSERT INTO activities (profile_id, occurred_at, kind)
     SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::activity_kind[]) ON CONFLICT DO NOTHING`,
    [acts.map(act => act.profile), acts.map(act => new Date(act.at)), acts.map(act => act.kind)],
  );
}

/** The counts of `acts` as anybody would count them. */
function counted(acts: readonly Act[]) {
  const distinct = new Map(acts.map(act => [`${act.profile} ${act.at} ${act.kind}`, act]));
  const counts = new Map<string, number>();
  for (const { at, kind } of distinct.values()) {
    const key = `${dayOf(at)} ${kind}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort());
}

function asRead(rows: readonly { day: string; kind: string; activities: number }[]) {
  return Object.fromEntries(rows.map(row => [`${row.day} ${row.kind}`, row.activities] as const).sort());
}

const totals = async (group: number | null) => asRead((await readTotals(pool, group, always)).activities);
const daysOf = async (profile: number) => asRead(await readProfileDays(pool, String(profile), always));

const act = (earliest: number, latest: number) =>
  fc.record({
    profile: fc.integer({ min: 1, max: 6 }),
    // Many at the edges of days, where an hour or a time zone too many would show.
    at: fc
      .tuple(fc.integer({ min: earliest, max: latest - 1 }), fc.constantFrom(null, 0, -1, 1))
      .map(([time, edge]) => (edge === null ? time : Math.round(time / oneDay) * oneDay + edge)),
    kind: fc.constantFrom('post', 'like', 'follow', 'profile_change'),
  });

describe('the last days', () => {
  test('are as a recount of the activities says, of all and of each group, whatever was counted before', async () => {
    const acts = fc.array(act(today - 6 * oneDay, today), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(acts, async all => {
        await pool.query('TRUNCATE profiles, activities CASCADE');
        await addProfiles(6);
        await add(all);
        await lead(rollUpRecent);
        expect(await totals(null)).toEqual(counted(all));
        expect(await totals(1)).toEqual(counted(all.filter(one => one.profile % 2 === 0)));
        expect(await totals(2)).toEqual(counted(all.filter(one => one.profile % 2 === 1)));
      }),
      { numRuns: 25 },
    );
  });

  test('are corrected by what is found late, erased, or moved to another group', async () => {
    await addProfiles(3);
    const acts: Act[] = [1, 2, 3].map(profile => ({ profile, at: today - 5 * oneDay, kind: 'post' }));
    await add(acts);
    await lead(rollUpRecent);
    const late: Act = { profile: 1, at: today - 8 * oneDay, kind: 'post' };
    await add([late]);
    await pool.query('DELETE FROM activities WHERE profile_id = 3');
    await pool.query('UPDATE profiles SET group_id = 1 WHERE profile_id = 1');
    expect(await totals(null)).toEqual(counted(acts));
    await lead(rollUpRecent);
    const left = [late, ...acts.slice(0, 2)];
    expect([await totals(null), await totals(1), await totals(2)]).toEqual([
      counted(left),
      counted(left),
      {},
    ]);
  });

  test('reach back as far as the patience of freshness, or the last success', async () => {
    await growOlder(pool, 3);
    await addProfiles(1);
    const from = monthStart(Date.now(), -3);
    const acts: Act[] = [];
    for (let at = from; at < today; at += oneDay) acts.push({ profile: 1, at, kind: 'post' });
    await add(acts);
    const since = (days: number) => counted(acts.filter(one => one.at >= today - days * oneDay));
    const countedNow = async (lastSuccess: number) => {
      await pool.query('TRUNCATE activity_days');
      await markSucceeded(pool, activityDaysStep, lastSuccess, 1);
      await lead(rollUpRecent);
      return totals(null);
    };
    expect(await countedNow(today)).toEqual(since(9));
    expect(await countedNow(today - 20 * oneDay)).toEqual(since(29));
    expect(await countedNow(today - 999 * oneDay)).toEqual(counted(acts));
    await pool.query('UPDATE groups SET freshness_s = 86400 * 20 WHERE group_id = 2');
    expect(await countedNow(today)).toEqual(since(22));
    await pool.query('UPDATE groups SET freshness_s = 86400 * 999 WHERE group_id = 2');
    expect(await countedNow(today)).toEqual(since(35));
  });

  test('go on where a killed run ended, and count nothing twice', async () => {
    await addProfiles(5_000);
    const acts: Act[] = [];
    for (let profile = 1; profile <= 5_000; profile++)
      acts.push({ profile, at: today - (profile % 9) * oneDay, kind: 'post' });
    await add(acts);
    const stopping = new AbortController();
    const killed = lead(work => {
      let pieces = 0;
      const piece: Work['piece'] = run => {
        if (++pieces === 2) stopping.abort();
        return work.piece(run);
      };
      return rollUpRecent({ ...work, piece });
    }, stopping.signal);
    await expect(killed).rejects.toThrow(/abort/i);
    const progress = async () => (await pool.query('SELECT after_profile, started_at FROM roll_ups')).rows[0];
    const left = await progress();
    expect(Number(left.after_profile)).toBe(1_000);
    expect(await totals(null)).toEqual({});
    let asOf = 0;
    await lead(async work => {
      asOf = await rollUpRecent(work);
    });
    expect(asOf).toBe(left.started_at);
    expect(await totals(null)).toEqual(counted(acts));
    expect(await progress()).toBeUndefined();
    expect((await pool.query('SELECT FROM roll_up_sums')).rowCount).toBe(0);
  });

  test('begin anew when the killed run was of other days', async () => {
    await addProfiles(10);
    await add([{ profile: 3, at: today, kind: 'like' }]);
    await pool.query(
      `INSERT INTO roll_ups (name, from_day, until_day, after_profile) VALUES ('recent', '2020-01-01', '2020-01-09', 5);
       INSERT INTO roll_up_sums VALUES ('recent', '2020-01-01', 1, 'post', 99)`,
    );
    await lead(rollUpRecent);
    expect(await totals(null)).toEqual({ [`${dayOf(today)} like`]: 1 });
  });

  test('leave rows alone that did not change', async () => {
    await addProfiles(2);
    await add([{ profile: 1, at: today, kind: 'post' }]);
    const versions = async () => (await pool.query('SELECT xmin FROM activity_days ORDER BY group_id')).rows;
    await lead(rollUpRecent);
    const before = await versions();
    await lead(rollUpRecent);
    expect(await versions()).toEqual(before);
  });
});

describe('a month that is dropped', () => {
  test('leaves the same counts behind, of all and of each profile', async () => {
    const acts = fc.array(act(monthStart(Date.now(), -2), monthStart(Date.now())), { maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(acts, async all => {
        // Some of the acts at the edges fall out of the two months.
        const inMonths = all.filter(
          ({ at }) => at >= monthStart(Date.now(), -2) && at < monthStart(Date.now()),
        );
        await close();
        await open();
        await growOlder(pool, 2);
        await addProfiles(6);
        await add(inMonths);
        const before = await Promise.all([1, 2, 3, 4, 5, 6].map(daysOf));
        for (let i = 0; i < 2; i++) {
          await lead(async work => {
            const [month] = await readMonths(work.db, 'activities');
            await rollUpMonth(work, month!, true);
            expect(await Promise.all([1, 2, 3, 4, 5, 6].map(daysOf))).toEqual(before);
            await dropOldestMonth(work, month!);
          });
        }
        expect(await Promise.all([1, 2, 3, 4, 5, 6].map(daysOf))).toEqual(before);
        expect(before).toEqual(
          [1, 2, 3, 4, 5, 6].map(profile => counted(inMonths.filter(one => one.profile === profile))),
        );
        expect(await totals(null)).toEqual(counted(inMonths));
        expect((await pool.query('SELECT FROM activities')).rowCount).toBe(0);
        expect((await pool.query('SELECT FROM roll_ups')).rowCount).toBe(0);
      }),
      { numRuns: 6 },
    );
  }, 60_000);

  test('is counted once, however often its drop must wait; a profile that is erased takes its part along', async () => {
    await growOlder(pool, 4);
    await addProfiles(2);
    const at = monthStart(Date.now(), -4) + oneDay;
    await add([1, 2].map(profile => ({ profile, at, kind: 'post' as const })));
    const count = () =>
      lead(async work => rollUpMonth(work, (await readMonths(work.db, 'activities'))[0]!, true));
    await count();
    await pool.query('UPDATE activity_months SET days = ARRAY[258]');
    await count();
    expect((await pool.query('SELECT DISTINCT days FROM activity_months')).rows).toEqual([{ days: [258] }]);
    await pool.query('DELETE FROM profiles WHERE profile_id = 2');
    expect((await pool.query('SELECT profile_id FROM activity_months')).rows).toEqual([{ profile_id: '1' }]);
  });

  test('goes on where a killed count ended', async () => {
    await addProfiles(3_000);
    const [month] = await readMonths(pool, 'activities');
    const acts: Act[] = [];
    for (let profile = 1; profile <= 3_000; profile++)
      acts.push({ profile, at: month!.from + (profile % 25) * oneDay, kind: 'follow' });
    await add(acts);
    const stopping = new AbortController();
    const killed = lead(work => {
      let pieces = 0;
      const piece: Work['piece'] = async run => {
        const result = await work.piece(run);
        // The month's table, and then the first thousand.
        if (++pieces === 1) stopping.abort();
        return result;
      };
      return rollUpMonth({ ...work, piece }, month!, true);
    }, stopping.signal);
    await expect(killed).rejects.toThrow(/abort/i);
    expect((await pool.query('SELECT FROM activity_months')).rowCount).toBe(1_000);
    await pool.query('DELETE FROM activities WHERE profile_id = 1');
    await lead(work => rollUpMonth(work, month!, true));
    expect((await pool.query('SELECT FROM activity_months')).rowCount).toBe(3_000);
    // What the first thousand did was counted before the kill, and is not counted again.
    expect(await totals(null)).toEqual(counted(acts));
    expect(month!.table).toBe(`activities_${monthName(month!.from)}`);
  });

  test('a profile that is erased while it is counted leaves nothing behind', async () => {
    await addProfiles(2);
    const [month] = await readMonths(pool, 'activities');
    await add([1, 2].map(profile => ({ profile, at: month!.from, kind: 'post' as const })));
    const eraser = await pool.connect();
    await eraser.query(
      'BEGIN; DELETE FROM activities WHERE profile_id = 1; DELETE FROM profiles WHERE profile_id = 1',
    );
    const counting = lead(work => rollUpMonth(work, month!, true));
    const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    await expect.poll(async () => (await pool.query(waiting)).rowCount, { timeout: 10_000 }).toBe(1);
    await eraser.query('COMMIT');
    eraser.release();
    await counting;
    expect((await pool.query('SELECT profile_id FROM activity_months')).rows).toEqual([{ profile_id: '2' }]);
  });
});

describe('the days of a profile', () => {
  test('begin and end with the days that are asked for', async () => {
    await addProfiles(1);
    await add(
      [
        '2025-10-01T00:00:00Z',
        '2025-09-30T23:59:59.999Z',
        '2025-10-02T23:59:59.999Z',
        '2025-10-03T00:00:00Z',
      ].map(at => ({ profile: 1, at: Date.parse(at), kind: 'post' as const })),
    );
    await pool.query(
      `CREATE TABLE IF NOT EXISTS activity_months_202510 PARTITION OF activity_months FOR VALUES FROM ('2025-10-01') TO ('2025-11-01')`,
    );
    // Counts of 5 posts on the 1st, 2 follows on the 2nd, 9 likes on the 31st; of the 1st one act is still there.
    await pool.query(
      `INSERT INTO activity_months VALUES (1, '2025-10-01', ARRAY[5 * 256 + 1, 2 * 256 + 64 + 2, 9 * 256 + 32 + 31])`,
    );
    const days = async (from: string, to: string) => asRead(await readProfileDays(pool, '1', { from, to }));
    expect(await days('2025-10-01', '2025-10-02')).toEqual({
      '2025-10-01 post': 5,
      '2025-10-02 post': 1,
      '2025-10-02 follow': 2,
    });
    expect(await days('2025-10-31', '2025-10-31')).toEqual({ '2025-10-31 like': 9 });
    expect(await days('2025-09-30', '2025-09-30')).toEqual({ '2025-09-30 post': 1 });
    expect(await days('2025-11-01', '2025-11-30')).toEqual({});
  });
});

describe('alerts', () => {
  const insert = (profile: number, kind: string, opened: number, resolved: number | null) =>
    pool.query(
      `INSERT INTO alerts (profile_id, kind, status, became_true_at, opened_at, suspected_at, confirmed_at, threshold_s, grace_s, resolved_at)
       VALUES ($1, $2, CASE WHEN $4::timestamptz IS NULL THEN 'open' ELSE 'resolved' END::alert_status, $3, $3, $3, $3, 1, 1, $4)`,
      [profile, kind, new Date(opened), resolved === null ? null : new Date(resolved)],
    );
  const alertsOf = async (group: number | null) => (await readTotals(pool, group, always)).alerts;

  test('are counted on the days on which they were opened and resolved', async () => {
    await addProfiles(2);
    await insert(1, 'suspended', today - 40 * oneDay, today - 3 * oneDay);
    await insert(1, 'protected', today - 3 * oneDay, null);
    await insert(2, 'protected', today - 3 * oneDay + oneDay - 1, today);
    await lead(rollUpAlerts);
    expect(await alertsOf(null)).toEqual([
      { day: dayOf(today - 40 * oneDay), kind: 'suspended', opened: 1, resolved: 0 },
      { day: dayOf(today - 3 * oneDay), kind: 'suspended', opened: 0, resolved: 1 },
      { day: dayOf(today - 3 * oneDay), kind: 'protected', opened: 2, resolved: 0 },
      { day: dayOf(today), kind: 'protected', opened: 0, resolved: 1 },
    ]);
    expect(await alertsOf(1)).toEqual([
      { day: dayOf(today - 3 * oneDay), kind: 'protected', opened: 1, resolved: 0 },
      { day: dayOf(today), kind: 'protected', opened: 0, resolved: 1 },
    ]);
  });

  test('are counted anew since the day before the last success, and left as they are before', async () => {
    await addProfiles(1);
    for (const days of [3, 2, 1])
      await insert(1, 'renamed', today - days * oneDay, today - days * oneDay + 1);
    await lead(rollUpAlerts);
    await markSucceeded(pool, 'alert_days', today - oneDay, 1);
    await pool.query('DELETE FROM alerts');
    await lead(rollUpAlerts);
    expect((await alertsOf(null)).map(({ day }) => day)).toEqual([dayOf(today - 3 * oneDay)]);
  });
});
