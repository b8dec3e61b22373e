import { loadKnown } from '@app/database/known';
import { createPool, type Pool } from '@app/database/pool';
import { recordJudgments } from '@app/database/record';
import { createLoader } from '@app/database/seed/load-profiles';
import { seedGroups } from '@app/database/seed/seeded-groups';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import { judge } from '@app/policy/judge';
import type { Judgment } from '@app/policy/judgment';
import { share } from '@app/simulator/hash';
import { rhythmSource } from '@app/simulator/rhythms';
import { type Simulator, startSimulator } from '@app/simulator/server';
import { createXApi, type XApi } from '@app/x-api/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chance, type Looks, seededProfile } from './seeded-profile.ts';

const profiles = 1_500;
const world = { seed: 1, speed: 1_440 };
const pace = {
  confirmDelay: 60_000,
  freshnessK: 86_400_000,
  freshnessFloor: 60_000,
  retryBase: 5_000,
  retryCap: 900_000,
};
const ids = Array.from({ length: profiles }, (_, i) => i + 1);

let seeded: TestDatabase;
let real: TestDatabase;
let seededPool: Pool;
let realPool: Pool;
let simulator: Simulator;
let xApi: XApi;
let clock: number;
let looks: Looks;

beforeAll(async () => {
  [seeded, real] = [await cloneDatabase(), await cloneDatabase()];
  seededPool = createPool({ url: seeded.url, name: 'test', onError: () => undefined });
  realPool = createPool({ url: real.url, name: 'test', onError: () => undefined });
  for (const pool of [seededPool, realPool]) {
    await pool.query(`UPDATE source_state SET since = now() - interval '1 day'`);
  }
  const source = rhythmSource(world);
  simulator = await startSimulator({ source, rateLimit: null, clock: () => clock });
  xApi = createXApi({
    baseUrl: simulator.url,
    bearerToken: 'test',
    vocabulary: 'tweet',
    now: () => clock,
  });
  const groups = await seedGroups(seededPool, 5);
  await seedGroups(realPool, 5);
  // All are looked at for the first time in the same millisecond, so that the real looks can be taken in batches.
  looks = { source, seed: world.seed, groups, pace, now: Date.now(), spread: 0, allDue: false };
  const load = createLoader(seededPool, { trusted: false, inTurn: (_, copy) => copy() });
  // Twice, because the second uses the memory of the first.
  for (const half of [ids.slice(0, 700), ids.slice(700)]) {
    expect(await load(half.map(id => seededProfile(id, looks)))).toBe(half.length);
  }
});

afterAll(async () => {
  await xApi.close();
  await simulator.close();
  await seededPool.end();
  await realPool.end();
  await seeded.drop();
  await real.drop();
});

/** What a consumer does with claimed profiles, at a time of our choice. */
async function look(pool: Pool, wanted: readonly string[], at: number, name: number): Promise<Judgment[]> {
  clock = at;
  const { rows } = await pool.query<{ profile_id: string; claim_version: number }>(
    `UPDATE schedule SET claim_version = claim_version + 1 WHERE profile_id = ANY ($1::bigint[]) RETURNING profile_id, claim_version`,
    [wanted],
  );
  const claimed = rows.map(row => ({ profileId: row.profile_id, claimVersion: row.claim_version }));
  const { known } = await loadKnown(pool, claimed);
  const { observations } = await xApi.lookUpByIds(known.map(one => one.known.profileId));
  const judged = known.map((one, i) => {
    const random = share(world.seed, Number(one.known.profileId), name);
    const judgment = judge(one.known, observations[i]!, { observedAt: at, pace, random });
    return { ...one, judgment };
  });
  const { written } = await recordJudgments(pool, judged);
  expect(written.length).toBe(wanted.length);
  return judged.map(one => one.judgment);
}

async function inBatches(wanted: readonly string[], act: (batch: string[]) => Promise<unknown>) {
  for (let i = 0; i < wanted.length; i += 100) await act(wanted.slice(i, i + 100));
}

const told = {
  profiles: 'SELECT * FROM profiles ORDER BY profile_id',
  schedule: 'SELECT * FROM schedule ORDER BY profile_id',
  activities: 'SELECT * FROM activities ORDER BY profile_id, occurred_at, kind',
  // An id and the instant of writing are the database's own.
  alerts: `SELECT profile_id, kind, status, baseline, became_true_at, silent_since, suspected_at, confirmed_at,
                  threshold_s, grace_s, former_handle, new_handle, resolved_at FROM alerts ORDER BY profile_id, kind`,
  events: `SELECT profile_id, kind, event, activity_at FROM alert_events JOIN alerts USING (alert_id, profile_id)
            ORDER BY profile_id, kind`,
};

/** Between two looks the database rounds a rate to four bytes, and with it what is reckoned from it. */
function roughly(row: { posts_per_day?: number | null; next_check_at?: number }) {
  const { posts_per_day: rate, next_check_at: next, ...exact } = row;
  return {
    ...exact,
    ...(rate === undefined ? {} : { posts_per_day: rate === null ? null : within(rate, rate * 1e-6) }),
    ...(next === undefined ? {} : { next_check_at: within(next, 100) }),
  };
}

function within(value: number, tolerance: number) {
  return expect.toSatisfy((one: number) => Math.abs(one - value) <= tolerance, `${value} ± ${tolerance}`);
}

test('a seeded profile is what a first look and a confirming one leave', async () => {
  const { rows: groups } = await seededPool.query('SELECT profile_id, group_id FROM profiles');
  const began = looks.now - pace.confirmDelay;
  await realPool.query(
    `INSERT INTO profiles (profile_id, group_id, created_at)
     SELECT *, $3::timestamptz FROM unnest($1::bigint[], $2::integer[])`,
    [groups.map(row => row.profile_id), groups.map(row => row.group_id), new Date(began - 1)],
  );
  await realPool.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane) SELECT profile_id, created_at, 'checks.fresh' FROM profiles`,
  );
  await inBatches(ids.map(String), batch => look(realPool, batch, began, chance.next[0]));
  const { rows } = await realPool.query<{ profile_id: string }>(
    `SELECT profile_id FROM schedule WHERE reason = 'deadline' AND next_check_at <= $1`,
    [new Date(looks.now)],
  );
  await inBatches(
    rows.map(row => row.profile_id),
    batch => look(realPool, batch, looks.now, chance.next[1]),
  );
  for (const [table, sql] of Object.entries(told)) {
    const [ours, theirs] = [(await seededPool.query(sql)).rows, (await realPool.query(sql)).rows];
    expect(ours.length, table).toBeGreaterThan(30);
    expect(ours, table).toEqual(theirs.map(roughly));
  }
  const { rows: kinds } = await seededPool.query<{ kind: string }>('SELECT DISTINCT kind::text FROM alerts');
  expect(kinds.map(row => row.kind).sort()).toEqual(['inactivity', 'not_found', 'protected', 'suspended']);
});

test('the first real look at a seeded profile finds new activity and no other difference', async () => {
  const found = new Map<string, number>();
  await inBatches(ids.map(String), async batch => {
    for (const judgment of await look(seededPool, batch, looks.now + 3_600_000, chance.next[0])) {
      expect(judgment.identity).toBeNull();
      expect(judgment.opened).toEqual([]);
      for (const { kind } of judgment.activities) found.set(kind, (found.get(kind) ?? 0) + 1);
    }
  });
  expect(found.get('post')).toBeGreaterThan(profiles / 2);
  expect(found.get('profile_change')).toBeUndefined();
});
