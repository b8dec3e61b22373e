import { createPool, type Pool } from '@app/database/pool';
import { claimSource } from '@app/database/source-kind';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type SeedProgress, seedProfiles } from './seed-profiles.ts';

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

async function one<T>(sql: string): Promise<T> {
  const { rows } = await pool.query(sql);
  return rows[0] as T;
}

test('profiles are planned as the policy says, alerts and all, in groups of very different size', async () => {
  const seeded = await seedProfiles({ databaseUrl: database.url, profiles: 5_000, groups: 6 });
  expect(seeded).toMatchObject({ from: 1, profiles: 5_000 });
  expect(await one('SELECT kind FROM source_state')).toEqual({ kind: 'simulated' });
  const counts = await one<Record<string, number>>(
    `SELECT count(*)::int AS all, count(*) FILTER (WHERE account_state <> 'ok')::int AS gone,
            count(*) FILTER (WHERE suspected_at IS NOT NULL)::int AS silent,
            count(*) FILTER (WHERE checked_at > now() - interval '5 minutes' AND checked_at < now())::int AS looked,
            count(*) FILTER (WHERE next_check_at > now())::int AS later, min(profile_id)::int AS first, max(profile_id)::int AS last
       FROM schedule`,
  );
  expect(counts).toMatchObject({ all: 5_000, looked: 5_000, first: 1, last: 5_000 });
  expect(counts.gone).toBeGreaterThan(50);
  expect(counts.later).toBeGreaterThan(4_000);
  const alerts = await one<Record<string, number>>(
    `SELECT count(*) FILTER (WHERE a.kind = 'inactivity')::int AS inactive, count(e.at)::int AS events, count(*)::int AS all
       FROM alerts a LEFT JOIN alert_events e USING (alert_id, profile_id)`,
  );
  expect(alerts.inactive).toBe(counts.silent);
  expect(alerts.inactive).toBeGreaterThan(100);
  expect(alerts.events).toBe(alerts.all);
  const { rows: groups } = await pool.query<{ profiles: number }>(
    'SELECT count(*)::int AS profiles FROM profiles GROUP BY group_id ORDER BY 1 DESC',
  );
  expect(groups.length).toBe(6);
  expect(groups[0]!.profiles).toBeGreaterThan(8 * groups[5]!.profiles);
});

test('a second seed goes on at the next id, in the same groups', async () => {
  await pool.query('INSERT INTO profiles (profile_id) VALUES (41)');
  await seedProfiles({ databaseUrl: database.url, profiles: 100, groups: 4 });
  const again = await seedProfiles({ databaseUrl: database.url, profiles: 50, groups: 4 });
  expect(again).toMatchObject({ from: 142, profiles: 50 });
  expect(await one('SELECT count(*)::int AS groups FROM groups')).toEqual({ groups: 4 });
  expect(await one('SELECT max(profile_id)::int AS last, count(*)::int AS all FROM schedule')).toEqual({
    last: 191,
    all: 150,
  });
});

test('all are due, in an order that is not that of their ids', async () => {
  await seedProfiles({ databaseUrl: database.url, profiles: 2_000, allDue: true });
  const due = await one<Record<string, number>>(
    `SELECT count(*) FILTER (WHERE next_check_at <= now())::int AS due,
            count(*) FILTER (WHERE next_check_at < now() - interval '61 minutes')::int AS longer,
            count(*) FILTER (WHERE checked_at > next_check_at)::int AS before_the_look,
            count(DISTINCT next_check_at)::int AS times, corr(profile_id, extract(epoch FROM next_check_at)) AS order
       FROM schedule`,
  );
  expect(due).toMatchObject({ due: 2_000, longer: 0, before_the_look: 0 });
  expect(due.times).toBeGreaterThan(1_900);
  expect(Math.abs(due.order!)).toBeLessThan(0.1);
});

test('a database of real profiles is refused and left as it is', async () => {
  await claimSource(pool, 'x');
  await expect(seedProfiles({ databaseUrl: database.url, profiles: 10 })).rejects.toThrow(
    /holds what the real X showed/,
  );
  expect(await one('SELECT count(*)::int AS profiles FROM profiles')).toEqual({ profiles: 0 });
});

test('stopped in the middle, it leaves whole profiles only, and the next one goes on', async () => {
  const stopping = new AbortController();
  const progress: SeedProgress[] = [];
  const seeding = seedProfiles({
    databaseUrl: database.url,
    profiles: 1_000_000,
    signal: stopping.signal,
    onProgress: one => {
      progress.push(one);
      stopping.abort();
    },
  });
  await expect(seeding).rejects.toThrow('aborted');
  const left = await one<Record<string, number>>(
    `SELECT count(*)::int AS profiles, count(s.profile_id)::int AS planned, max(p.profile_id)::int AS last
       FROM profiles p LEFT JOIN schedule s USING (profile_id)`,
  );
  expect(left.profiles).toBeGreaterThan(0);
  expect(left.profiles).toBeLessThan(200_000);
  expect(left).toMatchObject({ planned: left.profiles, last: left.profiles });
  expect(progress[0]).toMatchObject({ step: 'profiles', of: 1_000_000 });
  const indexed = async () =>
    (await one<{ found: boolean }>(`SELECT to_regclass('profiles_handle') IS NOT NULL AS found`)).found;
  expect(await indexed()).toBe(false);
  const next = await seedProfiles({ databaseUrl: database.url, profiles: 10 });
  expect(next.from).toBe(left.last! + 1);
  expect(await indexed()).toBe(true);
});

test('what the database refuses ends it with the reason, and what went in before stays', async () => {
  await pool.query('ALTER TABLE profiles ADD CONSTRAINT full_house CHECK (profile_id <= 25000)');
  await expect(seedProfiles({ databaseUrl: database.url, profiles: 90_000 })).rejects.toThrow('full_house');
  const { rows } = await pool.query(
    'SELECT count(*)::int AS n FROM profiles UNION ALL SELECT count(*)::int FROM schedule',
  );
  expect(rows[0]).toEqual(rows[1]);
  expect(rows[0].n).toBeLessThanOrEqual(20_000);
});

test('two at a time do not run on one database', async () => {
  const first = seedProfiles({ databaseUrl: database.url, profiles: 30_000 });
  const second = seedProfiles({ databaseUrl: database.url, profiles: 30_000 });
  const ends = await Promise.allSettled([first, second]);
  expect(ends.filter(end => end.status === 'fulfilled').length).toBe(1);
  expect(ends.find(end => end.status === 'rejected')?.reason.message).toBe(
    'another seed is running on this database',
  );
});
