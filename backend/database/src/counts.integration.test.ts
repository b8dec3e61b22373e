import { type Status, statuses } from '@app/policy/status';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCensus, takeCensus } from './census.ts';
import { readCounts } from './counts.ts';
import { listGroups, readGroup } from './groups.ts';
import { readOverview } from './overview.ts';
import { createPool, type Pool } from './pool.ts';
import { countProfiles } from './profile-counts.ts';
import { statusSql } from './status-sql.ts';
import { addPopulation } from './test/population.ts';
import { cloneDatabase, type TestDatabase } from './test/test-database.ts';

let database: TestDatabase;
let pool: Pool;

beforeEach(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
});

afterEach(async () => {
  await pool.end();
  await database.drop();
});

const go = new AbortController().signal;

/** By looking at every profile. */
async function truth(groupId: number | null = null): Promise<Record<Status, number>> {
  const { rows } = await pool.query<{ status: Status; profiles: number }>(
    `SELECT ${statusSql} AS status, count(*)::integer AS profiles
       FROM profiles p JOIN groups g USING (group_id) JOIN schedule s USING (profile_id)
      WHERE $1::integer IS NULL OR group_id = $1 GROUP BY 1`,
    [groupId],
  );
  const counted = new Map(rows.map(row => [row.status, row.profiles]));
  return Object.fromEntries(statuses.map(status => [status, counted.get(status) ?? 0])) as Record<
    Status,
    number
  >;
}

const numbers = (counts: Readonly<Record<Status, { profiles: number | null }>>) =>
  Object.fromEntries(statuses.map(status => [status, counts[status].profiles]));
const estimated = (counts: Readonly<Record<Status, { estimated: boolean }>>) =>
  statuses.filter(status => counts[status].estimated);

/** As a policy that grew more patient is brought to its profiles. */
async function forgetStrays(): Promise<void> {
  await pool.query(
    `UPDATE schedule s SET suspected_at = NULL, deadline_at = now() + interval '3 days'
       FROM profiles p JOIN groups g USING (group_id)
      WHERE p.profile_id = s.profile_id AND s.suspected_at < s.checked_at AND ${statusSql} IN ('active', 'late', 'unknown')`,
  );
}

describe('up to 10,000 profiles', () => {
  test('every count is exact and of now, without any census', async () => {
    await addPopulation(pool, 2_000, 5);
    const counts = await readCounts(pool);
    expect(numbers(counts.statuses)).toEqual(await truth());
    expect(counts.total).toEqual({ profiles: 2_000, estimated: false });
    expect(estimated(counts.statuses)).toEqual([]);
    await pool.query(`UPDATE profiles SET paused_at = now() WHERE profile_id <= 100`);
    expect(numbers((await readCounts(pool)).statuses)).toEqual(await truth());
  });

  test('by group, and by group and status', async () => {
    await addPopulation(pool, 2_000, 6);
    const inactive = await countProfiles(pool, { statuses: ['inactive'], groupId: 2 });
    const ofGroup = await truth(2);
    expect(numbers(inactive.statuses)).toEqual(ofGroup);
    expect(inactive.total).toEqual({ profiles: ofGroup.inactive, estimated: false });
    for (const { groupId, profiles, estimated } of inactive.groups) {
      expect([groupId, profiles, estimated]).toEqual([groupId, (await truth(groupId)).inactive, false]);
    }
    expect(inactive.groups.map(group => group.groupId).sort()).toEqual([1, 2, 3, 4]);
    expect(inactive.groups.map(group => group.profiles)).toEqual(
      inactive.groups.map(group => group.profiles).toSorted((a, b) => Number(b) - Number(a)),
    );
  });

  test('the overview tells how long profiles have been silent, and whose deadlines are next', async () => {
    await addPopulation(pool, 2_000, 7);
    const overview = await readOverview(pool);
    const { rows } = await pool.query<{ visible: number; hour: number; six: number; silent: number }>(
      `SELECT count(*)::integer AS visible,
              count(*) FILTER (WHERE open AND deadline_at BETWEEN now() AND now() + interval '1 hour')::integer AS hour,
              count(*) FILTER (WHERE open AND deadline_at BETWEEN now() AND now() + interval '6 hours')::integer AS six,
              count(*) FILTER (WHERE last_activity_at <= now() - interval '30 days')::integer AS silent
         FROM (SELECT s.*, ${statusSql} IN ('active', 'late', 'unknown') AND s.suspected_at IS NULL AS open
                 FROM profiles p JOIN groups g USING (group_id) JOIN schedule s USING (profile_id)
                WHERE p.paused_at IS NULL AND s.account_state = 'ok' AND s.last_activity_at IS NOT NULL) x`,
    );
    const [found] = rows;
    const sum = (bins: typeof overview.silence) => bins.reduce((all, bin) => all + bin.profiles, 0);
    expect(sum(overview.silence)).toBe(found?.visible);
    expect(sum(overview.silence.filter(bin => bin.from >= 30 * 86_400))).toBe(found?.silent);
    expect(overview.silence.map(bin => bin.to).slice(0, -1)).toEqual(
      overview.silence.map(bin => bin.from).slice(1),
    );
    expect(overview.deadlines.slice(0, 2)).toEqual([
      { within: 3_600, profiles: found?.hour, estimated: false },
      { within: 21_600, profiles: found?.six, estimated: false },
    ]);
  });
});

describe('beyond 10,000 profiles', () => {
  beforeEach(() => addPopulation(pool, 16_000, 8));

  test('nothing is known of many before the first census; few of a status are counted at once', async () => {
    const { statuses: counts, total } = await readCounts(pool);
    expect(total).toEqual({ profiles: null, estimated: true });
    expect(counts.active).toEqual({ profiles: null, estimated: true });
    expect(counts.suspended).toEqual({ profiles: (await truth()).suspended, estimated: false });
  });

  test('many are as the census counted them, few of a status exact and of now', async () => {
    await forgetStrays();
    await takeCensus(pool, go);
    const before = await truth();
    expect(before.active).toBeLessThan(10_000);
    // More than 10,000 deadlines lie ahead, of active and late ones together.
    await pool.query(`UPDATE schedule SET account_state = 'suspended', suspected_at = NULL, deadline_at = NULL
                       WHERE account_state = 'ok' AND profile_id <= 500`);
    const counts = await readCounts(pool);
    expect(counts.total).toEqual({ profiles: 16_000, estimated: true });
    expect(estimated(counts.statuses)).toEqual(['active']);
    expect(numbers(counts.statuses)).toEqual({ ...(await truth()), active: before.active });
    expect(counts.asOf).toBe((await readCensus(pool))?.takenAt);
  });

  test('with strays, what depends on there being none is as the census counted it', async () => {
    await takeCensus(pool, go);
    expect((await readCensus(pool))?.strays).toBeGreaterThan(0);
    const counts = await readCounts(pool);
    expect(estimated(counts.statuses)).toEqual(['active', 'late', 'inactive', 'unknown']);
    expect(numbers(counts.statuses)).toEqual(await truth());
  });

  test('a small group is exact, a large one as the census counted it', async () => {
    await forgetStrays();
    await pool.query('UPDATE profiles SET group_id = 1 WHERE group_id <> 2 AND profile_id % 10 > 0');
    await takeCensus(pool, go);
    await pool.query('UPDATE profiles SET group_id = 2 WHERE group_id = 1 AND profile_id <= 20');
    const { rows } = await pool.query<{ profiles: number }>(
      'SELECT count(*)::integer AS profiles FROM profiles WHERE group_id = 2',
    );
    expect(await readGroup(pool, 2)).toMatchObject({
      profiles: String(rows[0]?.profiles),
      profiles_estimated: false,
    });
    const [first] = await listGroups(pool, { after: null, limit: 100 });
    expect(first?.profiles_estimated).toBe(true);
    expect(numbers((await countProfiles(pool, { groupId: 2 })).statuses)).toEqual(await truth(2));
    expect((await countProfiles(pool, { groupId: 1 })).total.estimated).toBe(true);
    const suspended = await countProfiles(pool, { statuses: ['suspended'] });
    expect(suspended.groups.find(group => group.groupId === 2)).toMatchObject({
      profiles: (await truth(2)).suspended,
      estimated: false,
    });
  });

  test('a group that grew since the census has more than 10,000 at least', async () => {
    await takeCensus(pool, go);
    await pool.query('UPDATE profiles SET group_id = 4');
    expect(await readGroup(pool, 4)).toMatchObject({ profiles: '10001', profiles_estimated: true });
  });
});

describe('the census', () => {
  test('counts every profile by group and status', async () => {
    await addPopulation(pool, 3_000, 9);
    expect(await takeCensus(pool, go)).toMatchObject({ profiles: 3_000 });
    const { rows } = await pool.query<{ group_id: number; status: Status; profiles: string }>(
      'SELECT group_id, status, profiles FROM census_counts',
    );
    const counted = new Map(rows.map(row => [`${row.group_id} ${row.status}`, Number(row.profiles)]));
    for (const group of [1, 2, 3, 4]) {
      for (const [status, profiles] of Object.entries(await truth(group))) {
        expect([group, status, counted.get(`${group} ${status}`) ?? 0]).toEqual([group, status, profiles]);
      }
    }
    for (const [status, profiles] of Object.entries(await truth()))
      expect(counted.get(`0 ${status}`)).toBe(profiles);
  });

  test('is taken by one producer at a time, and again only when it has rested', async () => {
    await addPopulation(pool, 3_000, 9);
    const taken = await Promise.all([1, 2, 3].map(() => takeCensus(pool, go)));
    expect(taken.filter(one => one !== null)).toHaveLength(1);
    expect(await takeCensus(pool, go)).toBeNull();
    await pool.query(`UPDATE census SET taken_at = now() - interval '1 day'`);
    expect(await takeCensus(pool, go)).not.toBeNull();
  });

  test('that is cut off leaves the last one as it was, and the next one counts', async () => {
    await addPopulation(pool, 3_000, 9);
    await takeCensus(pool, go);
    await pool.query(`UPDATE census SET taken_at = '2020-01-01Z'`);
    // Counting waits for this, in the middle.
    const holder = await pool.connect();
    await holder.query('BEGIN; LOCK TABLE schedule_09 IN ACCESS EXCLUSIVE MODE');
    const stopping = new AbortController();
    const cut = takeCensus(pool, stopping.signal);
    await waiting();
    stopping.abort();
    expect(await cut).toBeNull();
    expect((await readCensus(pool))?.takenAt).toBe(Date.parse('2020-01-01T00:00:00Z'));
    await holder.query('COMMIT');
    holder.release();
    expect(await takeCensus(pool, go)).toMatchObject({ profiles: 3_000 });
  });

  test('fails loudly when the database does', async () => {
    await pool.query('ALTER TABLE census_counts RENAME TO elsewhere');
    await expect(takeCensus(pool, go)).rejects.toThrow('census_counts');
    await pool.query('ALTER TABLE elsewhere RENAME TO census_counts');
    expect(await takeCensus(pool, go)).not.toBeNull();
  });
});

/** Until some connection waits for a lock. */
async function waiting(): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const { rowCount } = await pool.query(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    if (rowCount) return;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  throw new Error('nobody waits');
}
