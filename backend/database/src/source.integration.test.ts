import type { Assessment, Standing } from '@app/policy/guard';
import { noCounts } from '@app/policy/guard-counts';
import type { Judgment } from '@app/policy/judgment';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { claimDue } from './claim.ts';
import { loadKnown } from './known.ts';
import { createPool, type Pool } from './pool.ts';
import { recordJudgments } from './record.ts';
import { setSourceMinute } from './source.ts';
import { assessSource, busiestProfiles, countIncidents, pulse, pulseCanaries } from './source-assess.ts';
import { canaryIds, listCanaries, replaceCanaries } from './source-canaries.ts';
import { addTally, pruneSource, type SourceTally } from './source-tally.ts';
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
  await pool.query('TRUNCATE profiles, activities, source_minutes, source_answers, incidents CASCADE');
  await pool.query('DELETE FROM source_state');
  await pool.query('INSERT INTO source_state DEFAULT VALUES');
});

const tally: SourceTally = {
  counts: { ...noCounts, looks: 100, shown: 99, again: 98, fresh: 10 },
  answers: { ok: 1 },
  failingAs: null,
  newestPost: Date.UTC(2026, 0, 1),
  vocabulary: 'tweet',
};

async function state() {
  const { rows } = await pool.query('SELECT *, clock_timestamp() AS now FROM source_state');
  return rows[0];
}

async function add(...ids: number[]): Promise<void> {
  for (const id of ids) {
    await pool.query('INSERT INTO profiles (profile_id, handle) VALUES ($1, $2)', [id, `user${id}`]);
    await pool.query(
      `INSERT INTO schedule (profile_id, next_check_at, lane, account_state, checked_at, last_activity_at, posts_per_day)
       VALUES ($1, now() + interval '1 day', 'checks.fresh', 'ok', now() - interval '1 hour', now() - interval '2 hours', $1::bigint)`,
      [id],
    );
  }
}

/** Assesses, and answers with this health, whatever the facts say. */
function assessed(change: Partial<Standing>, reasons: string[] = []) {
  return assessSource(pool, (facts): Assessment => {
    const standing = { ...facts.standing, ...change };
    return { standing: { ...standing, since: change.health ? facts.now : standing.since }, reasons };
  });
}

const lost: Partial<Standing> = { health: 'incident', incident: true };

describe('what consumers tell', () => {
  test('adds up in the minute, by any number of them at once', async () => {
    await setSourceMinute(pool, 3_600_000);
    await Promise.all(Array.from({ length: 20 }, () => addTally(pool, tally)));
    const { rows } = await pool.query(
      'SELECT sum(looks)::int AS looks, sum(fresh)::int AS fresh, sum(calls)::int AS calls FROM source_minutes',
    );
    expect(rows).toEqual([{ looks: 2_000, fresh: 200, calls: 20 }]);
    const { rows: answers } = await pool.query('SELECT kind, calls FROM source_answers');
    expect(answers).toEqual([{ kind: 'ok', calls: '20' }]);
  });

  test('raises the watermark and never lowers it', async () => {
    await addTally(pool, tally);
    await addTally(pool, { ...tally, newestPost: Date.UTC(2020, 0, 1) });
    await addTally(pool, { ...tally, newestPost: null });
    expect((await state()).watermark_at).toBe(Date.UTC(2026, 0, 1));
  });

  test('says since when every call fails, until one succeeds', async () => {
    await addTally(pool, tally);
    expect(await state()).toMatchObject({ failing_since: null, vocabulary: 'tweet' });
    const failed = { ...tally, answers: { out_of_credit: 1 }, failingAs: 'out_of_credit' };
    await addTally(pool, failed);
    const first = (await state()).failing_since;
    await addTally(pool, { ...failed, answers: { unavailable: 2 }, failingAs: 'unavailable (503)' });
    expect(await state()).toMatchObject({ failing_since: first, failing_as: 'unavailable (503)' });
    await addTally(pool, tally);
    expect(await state()).toMatchObject({ failing_since: null, failing_as: null });
  });

  test('is forgotten after its days', async () => {
    await pool.query(`INSERT INTO source_minutes (minute) VALUES (now() - interval '31 days'), (now())`);
    expect(await pruneSource(pool, 30)).toBe(1);
  });
});

describe('an assessment', () => {
  test('sees what is recent, and the day before as its baseline, without what was excluded', async () => {
    await addTally(pool, tally);
    await pool.query(`INSERT INTO source_minutes (minute, looks, fresh, lag_ms, excluded) VALUES
      (now() - interval '1 hour', 10, 5, 1000, false), (now() - interval '2 hours', 10, 5, 3000, false),
      (now() - interval '3 hours', 1000, 1000, 900000, true), (now() - interval '2 days', 1000, 1000, 900000, false)`);
    const result = await assessed({});
    expect(result?.facts.view.recent).toMatchObject({ looks: 100, fresh: 10 });
    expect(result?.facts.view.baseline).toMatchObject({ looks: 20, fresh: 10, minutes: 2, usualLag: 2_800 });
    expect(result?.facts.view.lastOkAt).toBeGreaterThan(0);
  });

  test('is made by one producer at a time', async () => {
    const results = await Promise.all(Array.from({ length: 5 }, () => assessed({})));
    expect(results.filter(result => result !== null).length).toBeGreaterThanOrEqual(1);
    const holder = await pool.connect();
    await holder.query('SELECT pg_advisory_lock(7214008)');
    expect(await assessed({})).toBeNull();
    await holder.query('SELECT pg_advisory_unlock(7214008)');
    holder.release();
  });

  test('opens one incident, however often it is repeated, and closes it with the return to normal', async () => {
    await addTally(pool, tally);
    await assessed(lost, ['nobody posts']);
    await assessed(lost, ['nobody posts', 'and more']);
    expect(await countIncidents(pool)).toEqual({ opened: 1, open: 1 });
    const { rows } = await pool.query('SELECT reasons FROM incidents');
    expect(rows[0].reasons).toEqual(['nobody posts', 'and more']);
    await assessed({ health: 'recovering', incident: true });
    expect((await countIncidents(pool)).open).toBe(1);
    await assessed({ health: 'normal', incident: false });
    expect(await countIncidents(pool)).toEqual({ opened: 1, open: 0 });
  });

  test('keeps the minutes of an incident out of every baseline', async () => {
    await addTally(pool, tally);
    await assessed(lost, ['nobody posts']);
    const { rows } = await pool.query('SELECT excluded, lag_ms > 0 AS lags FROM source_minutes');
    expect(rows).toEqual([{ excluded: true, lags: true }]);
  });

  test('has everything looked at anew whose alert was held, once the source is trusted', async () => {
    await add(1, 2, 3);
    await pool.query(`UPDATE schedule SET lane = 'checks.deadline', next_check_at = now() + interval '10 minutes',
      deadline_at = now() - interval '2 hours', suspected_at = now() - interval '3 hours' WHERE profile_id = 1`);
    await pool.query(`UPDATE schedule SET lane = 'checks.deadline', next_check_at = now() + interval '10 minutes',
      deadline_at = now() + interval '11 minutes' WHERE profile_id = 2`);
    expect((await assessed(lost, ['x']))?.held).toBe(1);
    await assessed({ health: 'normal', incident: false });
    const { rows } = await pool.query('SELECT profile_id FROM schedule WHERE next_check_at <= now()');
    expect(rows).toEqual([{ profile_id: '1' }]);
  });
});

describe('an alert that was judged while the source was trusted', () => {
  async function judged() {
    await add(1);
    await pool.query(`UPDATE schedule SET next_check_at = now()`);
    const { claimed } = await claimDue(pool, 'checks.fresh', 10, 60_000);
    const { now, known, source } = await loadKnown(pool, claimed);
    const one = known[0]!;
    const alert = {
      becameTrueAt: now - 9e8,
      silentSince: now - 10e8,
      suspectedAt: now - 60_000,
      confirmedAt: now,
    };
    const judgment = {
      state: { ...one.known, checkedAt: now, deadline: now + 7e8 },
      next: { at: now + 7e8, lane: 'checks.fresh', reason: 'recovery' },
      activities: [],
      opened: [{ kind: 'inactivity', baseline: false, formerHandle: null, newHandle: null, ...alert }],
      resolved: [],
      identity: { handle: 'renamed', name: null },
    } as unknown as Judgment;
    return { source, batch: [{ ...one, judgment }], becameTrueAt: alert.becameTrueAt };
  }

  test('opens', async () => {
    const { source, batch } = await judged();
    expect(source).toMatchObject({ health: 'normal', demanded: false, watermark: null });
    expect(await recordJudgments(pool, batch)).toMatchObject({ written: ['1'], withheld: [], opened: 1 });
  });

  test('does not open if trust was lost since: the look is taken again at once, as if nothing had been concluded', async () => {
    const { batch, becameTrueAt } = await judged();
    await assessed(lost, ['nobody posts']);
    expect(await recordJudgments(pool, batch)).toMatchObject({ written: ['1'], withheld: ['1'], opened: 0 });
    const { rows } = await pool.query(
      'SELECT next_check_at <= clock_timestamp() AS due, lane, deadline_at, handle FROM schedule JOIN profiles USING (profile_id)',
    );
    expect(rows).toEqual([
      { due: true, lane: 'checks.deadline', deadline_at: becameTrueAt, handle: 'user1' },
    ]);
  });

  test('does not open if trust was lost and found again since', async () => {
    const { batch } = await judged();
    await new Promise(resolve => setTimeout(resolve, 5));
    await assessed(lost, ['nobody posts']);
    await assessed({ health: 'normal', incident: false });
    expect((await recordJudgments(pool, batch)).withheld).toEqual(['1']);
  });
});

describe('canaries', () => {
  const named = (...ids: number[]) => ids.map(id => ({ id: String(id), handle: null }));

  test('are replaced as a whole, by id or handle, and asked after with their usual gap', async () => {
    await add(1, 2);
    await pool.query(`INSERT INTO activities (profile_id, occurred_at, kind)
      SELECT 2, now() - i * i * interval '1 minute', 'post' FROM generate_series(1, 6) i`);
    expect(await replaceCanaries(pool, named(1))).toEqual([]);
    expect(await replaceCanaries(pool, [{ id: null, handle: 'USER2' }])).toEqual([]);
    expect(await listCanaries(pool)).toMatchObject([{ profile_id: '2', usual_gap_ms: 11 * 60_000 }]);
    expect((await assessed({}))?.facts.view.canaries).toMatchObject([{ usualGap: 11 * 60_000 }]);
  });

  test('must be watched, resolved, not paused and seen: otherwise none is changed, and it is said which and why', async () => {
    await add(1, 2, 3);
    await pool.query(`INSERT INTO profiles (profile_id, handle) VALUES (-1, 'nobody')`);
    await pool.query(
      `INSERT INTO schedule (profile_id, next_check_at, lane) VALUES (-1, now(), 'checks.fresh')`,
    );
    await pool.query('UPDATE profiles SET paused_at = now() WHERE profile_id = 2');
    await pool.query(`UPDATE schedule SET account_state = 'suspended' WHERE profile_id = 3`);
    await replaceCanaries(pool, named(1));
    const wanted = [...named(1, 9, 2, 3), { id: null, handle: 'nobody' }];
    expect(await replaceCanaries(pool, wanted)).toEqual([
      { place: 1, why: 'unknown' },
      { place: 2, why: 'paused' },
      { place: 3, why: 'not_seen' },
      { place: 4, why: 'unresolved' },
    ]);
    expect(await canaryIds(pool, 10)).toEqual(['1']);
  });

  test('are looked at when they should have posted by now', async () => {
    await add(1, 2);
    await pool.query(`INSERT INTO activities (profile_id, occurred_at, kind)
      SELECT p, now() - i * (CASE p WHEN 1 THEN 5 ELSE 500 END) * interval '1 minute', 'post'
      FROM generate_series(1, 6) i, generate_series(1, 2) p`);
    await replaceCanaries(pool, named(1, 2));
    expect(await pulseCanaries(pool, 60_000)).toBe(1);
    const { claimed } = await claimDue(pool, 'checks.deadline', 10, 60_000);
    expect(claimed.map(row => row.profileId)).toEqual(['1']);
  });

  test('go with their profile', async () => {
    await add(1);
    await replaceCanaries(pool, named(1));
    await pool.query('DELETE FROM profiles');
    expect(await listCanaries(pool)).toEqual([]);
  });
});

test('the busiest profiles are looked at now, unless they were just now', async () => {
  await add(1, 2, 3);
  expect(await busiestProfiles(pool, 2)).toEqual(['3', '2']);
  await pool.query('UPDATE schedule SET checked_at = now() WHERE profile_id = 2');
  expect(await pulse(pool, ['3', '2'], 60_000)).toBe(1);
  const { claimed } = await claimDue(pool, 'checks.deadline', 10, 60_000);
  expect(claimed.map(row => row.profileId)).toEqual(['3']);
});
