import { setTimeout as sleep } from 'node:timers/promises';
import { batchSize, type CheckMessage } from '@app/contract/message';
import { claimDue } from '@app/database/claim';
import { createPool, type Pool } from '@app/database/pool';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import { handleOf } from '@app/simulator/handles';
import { rhythmSource } from '@app/simulator/rhythms';
import { type Simulator, startSimulator } from '@app/simulator/server';
import { createXApi, type LookUp, type XApi } from '@app/x-api/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { askX } from './ask.ts';
import { type Checked, type Checking, checkProfiles } from './check-profiles.ts';

let database: TestDatabase;
let pool: Pool;
let simulator: Simulator;
let xApi: XApi;
let answers: LookUp[];
let dropped: number;
let refused: string[];
let newest: number | null;
let last: Checked;

const pace = {
  confirmDelay: 60_000,
  freshnessK: 86_400_000,
  freshnessFloor: 60_000,
  retryBase: 5_000,
  retryCap: 900_000,
};

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
  simulator = await startSimulator({ source: rhythmSource({ seed: 1, speed: 1_440 }), rateLimit: null });
  xApi = createXApi({ baseUrl: simulator.url, bearerToken: 'test', vocabulary: 'tweet', timeoutMs: 2_000 });
});

afterAll(async () => {
  await xApi.close();
  await simulator.close();
  await pool.end();
  await database.drop();
});

beforeEach(async () => {
  await pool.query('TRUNCATE profiles, activities CASCADE');
  await pool.query(
    `UPDATE source_state SET health = 'normal', since = now() - interval '1 day', demanded = false, watermark_at = NULL`,
  );
  answers = [];
  dropped = 0;
  refused = [];
  newest = null;
});

afterEach(() => simulator.setFaults({ profiles: {}, outage: 'none', share: 0 }));

const checking = (restMs = 0): Checking => ({
  pool,
  ask: askX(xApi),
  pace,
  source: { newest: () => newest },
  relookMs: 60_000,
  onAnswer: async answer => {
    answers.push(answer);
    return restMs;
  },
  onRefused: ({ known }) => void refused.push(known.profileId),
  onChecked: checked => {
    dropped += checked.dropped;
    last = checked;
  },
});

async function watch(profileId: number, handle: string | null = null): Promise<void> {
  await pool.query('INSERT INTO profiles (profile_id, handle) VALUES ($1, $2)', [profileId, handle]);
  await pool.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane) VALUES ($1, now(), 'checks.fresh')`,
    [profileId],
  );
}

async function claimed(leaseMs = 60_000): Promise<CheckMessage> {
  const claim = await claimDue(pool, 'checks.fresh', batchSize, leaseMs);
  const checks = claim.claimed.map(row => ({
    profile_id: row.profileId,
    claim_version: row.claimVersion,
    ...(row.handle !== null && { handle: row.handle }),
  }));
  return { kind: 'profiles.check', lease_until: new Date(claim.leaseUntil).toISOString(), checks };
}

async function scheduleOf(profileId: number) {
  const { rows } = await pool.query('SELECT *, now() AS now FROM schedule WHERE profile_id = $1', [
    profileId,
  ]);
  return rows[0];
}

describe('a check', () => {
  test('of a batch is one call, and writes what was seen', async () => {
    for (let id = 1; id <= 50; id++) await watch(id);
    expect(await checkProfiles(await claimed(), checking())).toBe('done');
    expect(answers.length).toBe(1);
    const { rows } = await pool.query(`SELECT count(*)::int AS looked, count(last_activity_at)::int AS seen
                                       FROM schedule WHERE account_state <> 'unseen' AND next_check_at > now()`);
    expect(rows[0].looked).toBe(50);
    expect(rows[0].seen).toBeGreaterThan(40);
    const { rows: activities } = await pool.query('SELECT count(*)::int AS n FROM activities');
    expect(activities[0].n).toBeGreaterThan(40);
  });

  test('delivered twice is harmless', async () => {
    await watch(1);
    const message = await claimed();
    await checkProfiles(message, checking());
    const before = await scheduleOf(1);
    await checkProfiles(message, checking());
    expect((await scheduleOf(1)).claim_version).toBe(before.claim_version);
    const { rows } = await pool.query('SELECT count(*)::int AS n FROM activities');
    expect(rows[0].n).toBe(1);
  });

  test('whose lease has run out is dropped without asking X', async () => {
    await watch(1);
    const message = await claimed(0);
    expect(await checkProfiles(message, checking())).toBe('done');
    expect([answers.length, dropped]).toEqual([0, 1]);
  });

  test('whose profile was deleted meanwhile asks X for the others only', async () => {
    await watch(1);
    await watch(2);
    const message = await claimed();
    await pool.query('DELETE FROM profiles WHERE profile_id = 1');
    await checkProfiles(message, checking());
    expect(answers[0]?.observations.length).toBe(1);
    expect(dropped).toBe(1);
  });

  test('while X is down changes nothing that is known, and is due again when X may be asked', async () => {
    await watch(1);
    await checkProfiles(await claimed(), checking());
    const before = await scheduleOf(1);
    await pool.query('UPDATE schedule SET next_check_at = now()');
    simulator.setFaults({ outage: 'unavailable' });
    await checkProfiles(await claimed(), checking(120_000));
    const after = await scheduleOf(1);
    expect(after).toMatchObject({
      last_activity_at: before.last_activity_at,
      checked_at: before.checked_at,
      failures: 1,
    });
    expect(after.next_check_at - after.now).toBeGreaterThan(110_000);
  });

  test('of a profile that X answers wrongly harms that profile only', async () => {
    for (const id of [1, 2, 3, 5]) await watch(id);
    simulator.setFaults({ profiles: { 1: 'missing_field', 2: 'not_answered', 3: 'suspended' } });
    await checkProfiles(await claimed(), checking());
    const states = await Promise.all([1, 2, 3, 5].map(id => scheduleOf(id)));
    expect(states.map(state => [state.account_state, state.failures])).toEqual([
      ['unseen', 1],
      ['unseen', 1],
      ['suspended', 0],
      ['ok', 0],
    ]);
  });
});

test('a result that the database refuses costs no other profile its result', async () => {
  for (let id = 1; id <= 20; id++) await watch(id);
  await pool.query(
    'ALTER TABLE schedule ADD CONSTRAINT refuse_7 CHECK (profile_id <> 7 OR checked_at IS NULL)',
  );
  try {
    expect(await checkProfiles(await claimed(), checking())).toBe('done');
  } finally {
    await pool.query('ALTER TABLE schedule DROP CONSTRAINT refuse_7');
  }
  expect(refused).toEqual(['7']);
  const { rows } = await pool.query('SELECT profile_id FROM schedule WHERE checked_at IS NULL');
  expect(rows).toEqual([{ profile_id: '7' }]);
});

describe('an unresolved handle', () => {
  test('is looked up by handle and keyed by its numeric id from then on', async () => {
    await watch(-1, handleOf('5'));
    await checkProfiles(await claimed(), checking());
    const { rows } = await pool.query('SELECT profile_id, handle FROM profiles');
    expect(rows).toEqual([{ profile_id: '5', handle: handleOf('5') }]);
    expect((await scheduleOf(5)).checked_at).not.toBeNull();
  });

  test('that nobody has stays unresolved, and is told after a second look', async () => {
    await watch(-1, 'nobody_at_all');
    await checkProfiles(await claimed(), checking());
    expect(await scheduleOf(-1)).toMatchObject({ account_state: 'not_found', lane: 'checks.deadline' });
    await pool.query(
      `UPDATE schedule SET next_check_at = now(), lane = 'checks.fresh', state_since = state_since - interval '2 minutes'`,
    );
    await checkProfiles(await claimed(), checking());
    const { rows } = await pool.query('SELECT kind FROM alerts');
    expect(rows).toEqual([{ kind: 'not_found' }]);
  });

  test('of an account that is watched by its id already becomes one with it', async () => {
    await watch(5);
    await watch(-1, handleOf('5'));
    const message = await claimed();
    const byHandle = message.checks.filter(check => check.handle !== undefined);
    const byId = message.checks.filter(check => check.handle === undefined);
    await checkProfiles({ ...message, checks: byHandle }, checking());
    await checkProfiles({ ...message, checks: byId }, checking());
    const { rows } = await pool.query('SELECT profile_id, handle FROM profiles');
    expect(rows).toEqual([{ profile_id: '5', handle: handleOf('5') }]);
  });

  test('that now belongs to another id is not re-attached: the profile that had it is told as renamed', async () => {
    await watch(5, 'taken_over');
    await checkProfiles(await claimed(), checking());
    const { rows } = await pool.query('SELECT kind, former_handle, new_handle FROM alerts');
    expect(rows).toEqual([{ kind: 'renamed', former_handle: 'taken_over', new_handle: handleOf('5') }]);
    const { rows: profiles } = await pool.query('SELECT profile_id, handle FROM profiles');
    expect(profiles).toEqual([{ profile_id: '5', handle: handleOf('5') }]);
  });
});

describe('while X is not trusted', () => {
  /** One profile that has been silent for longer than its policy allows, and was suspected of it a day ago. */
  async function silent(): Promise<{ becameTrueAt: number }> {
    await watch(1);
    await checkProfiles(await claimed(), checking());
    await pool.query(`UPDATE profiles SET threshold_s = 1, grace_s = 0`);
    await pool.query(
      `UPDATE schedule SET next_check_at = now(), lane = 'checks.fresh', suspected_at = now() - interval '1 day'`,
    );
    simulator.setFaults({ frozenAt: (await scheduleOf(1)).last_activity_at });
    const { last_activity_at } = await scheduleOf(1);
    // It may have posted a moment ago.
    await sleep(Math.max(0, last_activity_at + 1_500 - Date.now()));
    return { becameTrueAt: last_activity_at + 1_000 };
  }

  afterEach(() => simulator.setFaults({ frozenAt: null }));

  async function alerts(): Promise<number> {
    const { rows } = await pool.query('SELECT count(*)::int AS n FROM alerts');
    return rows[0].n;
  }

  async function dueAgain(): Promise<void> {
    await pool.query(`UPDATE schedule SET next_check_at = now(), lane = 'checks.fresh'`);
  }

  test('an alert is held, and opens from a fresh look once it is trusted again', async () => {
    const { becameTrueAt } = await silent();
    await pool.query(`UPDATE source_state SET health = 'suspect'`);
    await checkProfiles(await claimed(), checking());
    expect([await alerts(), last.counts.held, last.counts.opened]).toEqual([0, 1, 0]);
    expect(await scheduleOf(1)).toMatchObject({ lane: 'checks.deadline', deadline_at: becameTrueAt });
    await pool.query(`UPDATE source_state SET health = 'normal', since = clock_timestamp()`);
    await dueAgain();
    await checkProfiles(await claimed(), checking());
    expect([await alerts(), last.counts.held, last.counts.opened]).toEqual([1, 0, 1]);
  });

  test('an alert waits for a newer post of somebody else, where that is demanded', async () => {
    const { becameTrueAt } = await silent();
    await pool.query(`UPDATE source_state SET demanded = true, watermark_at = $1`, [
      new Date(becameTrueAt - 1),
    ]);
    await checkProfiles(await claimed(), checking());
    expect([await alerts(), last.counts.held]).toEqual([0, 1]);
    await dueAgain();
    newest = becameTrueAt;
    await checkProfiles(await claimed(), checking());
    expect(await alerts()).toBe(1);
  });
});

test('what a batch says of X itself is counted', async () => {
  for (const id of [1, 2, 3, 5]) await watch(id);
  simulator.setFaults({ profiles: { 1: 'missing_field', 2: 'not_answered' } });
  await checkProfiles(await claimed(), checking());
  expect(last.counts).toMatchObject({ looks: 4, missing: 1, unanswered: 1, again: 0 });
  expect(answers[0]?.vocabulary).toBe('tweet');
});
