import { randomUUID } from 'node:crypto';
import { deadlineOf } from '@app/policy/deadline';
import type { Judgment } from '@app/policy/judgment';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changeGroup } from './change-group.ts';
import { type Claimed, claimDue } from './claim.ts';
import { type Runner, stepJob, takeJob, type Work, type Works } from './job-steps.ts';
import { cancelJob, type JobRow, readJob } from './jobs.ts';
import { loadKnown } from './known.ts';
import { createPool, inTransaction, type Pool } from './pool.ts';
import { requestCheck } from './profiles.ts';
import { recordJudgments } from './record.ts';
import type { Judged } from './record-columns.ts';
import { replanWork } from './replan.ts';
import { chunkSettings, replanNow, replanRest } from './replan-statement.ts';
import { cloneDatabase, type TestDatabase } from './test/test-database.ts';

let database: TestDatabase;
let pool: Pool;
let group: number;

const hour = 3_600_000;
const confirmDelay = 60_000;
const lead = confirmDelay / hour;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', connections: 20, onError: () => undefined });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

beforeEach(async () => {
  await pool.query('TRUNCATE profiles, activities, jobs CASCADE; DELETE FROM groups WHERE group_id > 1');
  const { rows } = await pool.query(
    `INSERT INTO groups (name, threshold_s, grace_s, freshness_s) VALUES ('News', 36000, 7200, 604800) RETURNING group_id`,
  );
  group = rows[0].group_id;
});

interface Row {
  /** Times are hours from now. */
  readonly last?: number | null;
  readonly checked?: number | null;
  readonly next?: number;
  readonly deadline?: number | null;
  readonly lane?: string;
  readonly state?: string;
  readonly own?: readonly [threshold: number | null, grace: number | null];
  readonly paused?: boolean;
}

const hours = (value: number | null) => (value === null ? null : `${value} hours`);

/** A profile of the group: active two hours ago, looked at an hour ago, its deadline (12 hours of silence) in ten. */
async function add(id: number | string, row: Row = {}): Promise<void> {
  const { last = -2, checked = -1, next = 10 - lead, deadline = 10, lane = 'checks.deadline' } = row;
  const { state = 'ok', own = [null, null], paused = false } = row;
  await pool.query(
    `INSERT INTO profiles (profile_id, handle, group_id, threshold_s, grace_s, paused_at)
     VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END)`,
    [id, `user${id}`, group, ...own, paused],
  );
  await pool.query(
    `INSERT INTO schedule (profile_id, last_activity_at, checked_at, next_check_at, deadline_at, lane, account_state, reason)
     VALUES ($1, now() + $2::interval, now() + $3::interval, now() + $4::interval, now() + $5::interval, $6, $7, 'fresh')`,
    [id, hours(last), hours(checked), hours(next), hours(deadline), lane, state],
  );
}

/** So many profiles, whose ids lie as far apart as those of X do. */
async function addMany(count: number): Promise<void> {
  await pool.query(
    `INSERT INTO profiles (profile_id, handle, group_id)
     SELECT CASE i % 3 WHEN 0 THEN -i WHEN 1 THEN i * 70000 ELSE i * 20000000000000 END, 'many' || i, $2
       FROM generate_series(1, $1::bigint) i`,
    [count, group],
  );
  await pool.query(
    `INSERT INTO schedule (profile_id, last_activity_at, checked_at, next_check_at, deadline_at, lane, account_state)
     SELECT profile_id, now() - interval '2 hours', now() - interval '1 hour', now() + interval '9 hours', now() + interval '10 hours',
            'checks.fresh', 'ok' FROM profiles ON CONFLICT DO NOTHING`,
  );
}

interface Planned {
  readonly deadline: number | null;
  readonly next: number;
  readonly lane: string;
  readonly reason: string;
}

/** In hours from now, to the minute. */
async function planOf(id: number | string): Promise<Planned> {
  const { rows } = await pool.query(
    `SELECT deadline_at, next_check_at, lane, reason, now() AS now FROM schedule WHERE profile_id = $1`,
    [id],
  );
  const { deadline_at, next_check_at, now, lane, reason } = rows[0];
  const from = (at: number) => Math.round((at - now) / 60_000) / 60;
  return {
    deadline: deadline_at === null ? null : from(deadline_at),
    next: from(next_check_at),
    lane,
    reason,
  };
}

const near = (value: number) => expect.closeTo(value, 3);
const runnerOf = (leaseMs = 60_000): Runner => ({ id: randomUUID(), leaseMs });
const works = (rows?: number): Works => ({ replan: replanWork(rows) });

/** As the policy is given to a group by the API. */
async function change(policy: { threshold?: number; grace?: number }): Promise<JobRow | null> {
  const changed = await changeGroup(pool, group, policy, confirmDelay);
  return changed.outcome === 'changed' ? changed.replan : null;
}

async function run(rows?: number): Promise<JobRow> {
  const runner = runnerOf();
  let job = await takeJob(pool, runner);
  while (job?.state === 'running') job = await stepJob(pool, job.job_id, runner, works(rows));
  return job as JobRow;
}

async function replan(policy: { threshold?: number; grace?: number }, rows?: number): Promise<JobRow> {
  await change(policy);
  return run(rows);
}

describe('a policy that is less patient', () => {
  test('brings the look forward to a moment before the new deadline', async () => {
    await add(1, { lane: 'checks.fresh', next: 8 });
    expect(await replan({ threshold: 4 * 3_600 })).toMatchObject({ state: 'done', changed: 1 });
    expect(await planOf(1)).toEqual({
      deadline: near(4),
      next: near(4 - lead),
      lane: 'checks.deadline',
      reason: 'deadline',
    });
  });

  test('leaves a look that comes in time where it is', async () => {
    await add(1, { lane: 'checks.fresh', next: 3 });
    await replan({ threshold: 4 * 3_600 });
    expect(await planOf(1)).toEqual({
      deadline: near(4),
      next: near(3),
      lane: 'checks.fresh',
      reason: 'fresh',
    });
  });

  test('has those looked at now whose deadline has passed, and none before now', async () => {
    await add(1, { last: -9, deadline: 3, lane: 'checks.fresh', next: 2 });
    const { rows } = await pool.query('SELECT now() AS begin');
    await replan({ threshold: 3_600, grace: 0 });
    expect(await planOf(1)).toEqual({
      deadline: near(-8),
      next: near(0),
      lane: 'checks.deadline',
      reason: 'deadline',
    });
    const after = await pool.query('SELECT next_check_at FROM schedule');
    expect(after.rows[0].next_check_at).toBeGreaterThanOrEqual(rows[0].begin);
  });

  test('takes an overdue look out of the lane for freshness, which may wait for budget', async () => {
    await add(1, { last: -9, deadline: 3, lane: 'checks.fresh', next: -5 });
    await add(2, { last: -9, deadline: 3, lane: 'checks.manual', next: -5 });
    await add(3, { last: -9, deadline: 3, lane: 'checks.deadline', next: -5 });
    await replan({ threshold: 3_600 });
    expect(await planOf(1)).toMatchObject({ next: near(0), lane: 'checks.deadline' });
    expect(await planOf(2)).toMatchObject({ next: near(-5), lane: 'checks.manual', reason: 'fresh' });
    expect(await planOf(3)).toMatchObject({ next: near(-5), lane: 'checks.deadline' });
  });

  test('looks at an account that shows nothing in time for when it is back, without a deadline', async () => {
    await add(1, { state: 'suspended', deadline: null, lane: 'checks.fresh', next: 100 });
    await replan({ threshold: 4 * 3_600 });
    expect(await planOf(1)).toEqual({
      deadline: null,
      next: near(5 - lead),
      lane: 'checks.deadline',
      reason: 'deadline',
    });
  });

  test('plans nothing for a profile that nobody has seen yet', async () => {
    await add(1, { state: 'unseen', last: null, checked: null, deadline: null, next: 5 });
    await replan({ threshold: 60 });
    expect(await planOf(1)).toMatchObject({ deadline: null, next: near(5) });
  });

  test('plans no look for a paused profile', async () => {
    await add(1, { paused: true });
    await replan({ threshold: 3_600 });
    expect(await planOf(1)).toMatchObject({ deadline: near(1), next: near(10 - lead) });
  });
});

test('a policy that is more patient moves the deadline, and leaves the look, which is harmless', async () => {
  await add(1);
  expect(await replan({ grace: 10 * 3_600 })).toMatchObject({ changed: 1 });
  expect(await planOf(1)).toMatchObject({ deadline: near(18), next: near(10 - lead), reason: 'fresh' });
});

test('random profiles get the deadline that the policy reckons, and a look in time for it', async () => {
  const any = <T>(...values: T[]) => values[Math.floor(Math.random() * values.length)] as T;
  const rule = { threshold: 5 * hour, grace: 2 * hour };
  for (let id = 1; id <= 150; id++) {
    const checked = -Math.random() * 40;
    const own = any([null, null], [7_200, null], [null, 0], [360_000, null]) as [
      number | null,
      number | null,
    ];
    await add(id, {
      ...{
        checked,
        own,
        last: checked - Math.random() * 40,
        next: Math.random() * 60 - 20,
        deadline: any(null, 3, -3),
      },
      ...{ lane: any('checks.fresh', 'checks.deadline'), state: any('ok', 'ok', 'protected') },
    });
  }
  await pool.query(
    `INSERT INTO alerts (profile_id, kind, became_true_at, silent_since, suspected_at, confirmed_at, threshold_s, grace_s)
     SELECT profile_id, 'inactivity', now(), now() - interval '9 days', now() - interval '1 hour', now(), 60, 0 FROM profiles
      WHERE profile_id % 3 = 0`,
  );
  await replan({ threshold: 18_000, grace: 7_200 });
  const { rows } = await pool.query(
    `SELECT s.*, p.threshold_s, p.grace_s, now() AS now, EXISTS (SELECT FROM alerts a WHERE a.profile_id = s.profile_id) AS alert_open
       FROM schedule s JOIN profiles p USING (profile_id)`,
  );
  for (const row of rows) {
    const known = {
      alertOpen: row.alert_open,
      checkedAt: row.checked_at,
      lastActivityAt: row.last_activity_at,
    };
    const own = {
      threshold: row.threshold_s === null ? rule.threshold : row.threshold_s * 1_000,
      grace: row.grace_s === null ? rule.grace : row.grace_s * 1_000,
    };
    const isShown = row.account_state === 'ok';
    expect(row.deadline_at).toBe(isShown ? deadlineOf(known, own) : null);
    const latest =
      (isShown ? deadlineOf(known, own) : row.checked_at + own.threshold + own.grace) - confirmDelay;
    expect(row.next_check_at).toBeLessThanOrEqual(Math.max(latest, row.now));
    if (latest < row.now) expect(row.lane).toBe('checks.deadline');
  }
});

test('what a profile says itself, the policy of its group does not change', async () => {
  await add(1, { own: [36_000, null] });
  await add(2, { own: [null, 7_200] });
  await add(3, { own: [36_000, 7_200] });
  expect(await replan({ threshold: 4 * 3_600, grace: 3_600 })).toMatchObject({ changed: 2, done: 6 });
  expect(await planOf(1)).toMatchObject({ deadline: near(9) });
  expect(await planOf(2)).toMatchObject({ deadline: near(4) });
  expect(await planOf(3)).toMatchObject({ deadline: near(10), next: near(10 - lead) });
});

test('profiles of other groups are not touched', async () => {
  await add(1);
  await pool.query('UPDATE profiles SET group_id = 1');
  expect(await replan({ threshold: 60 })).toMatchObject({ state: 'done', changed: 0, done: 0 });
  expect(await planOf(1)).toMatchObject({ deadline: near(10) });
});

test('while an alert is open the deadline is reckoned from the last look, whether the alert is of the first import or not', async () => {
  for (const id of [1, 2, 3]) await add(id, { last: -20, deadline: 11, next: 8, lane: 'checks.fresh' });
  await pool.query(
    `INSERT INTO alerts (profile_id, kind, status, resolved_at, baseline, became_true_at, silent_since, suspected_at, confirmed_at,
       threshold_s, grace_s)
     SELECT id, 'inactivity', CASE id WHEN 3 THEN 'resolved' ELSE 'open' END::alert_status, CASE id WHEN 3 THEN now() END, id = 1,
       now() - interval '8 hours', now() - interval '20 hours', now() - interval '8 hours', now() - interval '7 hours', 36000, 7200
     FROM generate_series(1, 3) id`,
  );
  await replan({ threshold: 4 * 3_600 });
  for (const id of [1, 2])
    expect(await planOf(id)).toMatchObject({ deadline: near(5), next: near(5 - lead) });
  expect(await planOf(3)).toMatchObject({ deadline: near(-14), next: near(0) });
});

describe('the job', () => {
  test('goes through a group of many in steps, and plans each profile once, wherever its id lies', async () => {
    await addMany(500);
    expect(await replan({ threshold: 4 * 3_600 }, 30)).toMatchObject({
      state: 'done',
      done: 1_000,
      total: 1_000,
      changed: 500,
    });
    const { rows } = await pool.query(
      `SELECT count(*)::int AS n FROM schedule WHERE deadline_at = last_activity_at + interval '6 hours'
          AND next_check_at = deadline_at - interval '1 minute' AND lane = 'checks.deadline'`,
    );
    expect(rows[0].n).toBe(500);
  });

  test('plans those first whose look must come sooner, and may be cancelled when only the others are left', async () => {
    await addMany(100);
    await pool.query(`UPDATE schedule SET next_check_at = now() + interval '1 hour' WHERE profile_id < 0`);
    const runner = runnerOf();
    const job = (await change({ threshold: 4 * 3_600 })) as JobRow;
    await takeJob(pool, runner);
    expect(await cancelJob(pool, job.job_id)).toEqual({ outcome: 'must_go_on' });
    let now: JobRow | null = job;
    while (now && !now.cancellable) now = await stepJob(pool, job.job_id, runner, works(10));
    const { rows } = await pool.query(
      `SELECT count(*) FILTER (WHERE lane = 'checks.deadline')::int AS sooner,
              count(*) FILTER (WHERE deadline_at > now() + interval '9 hours')::int AS untouched FROM schedule`,
    );
    expect(rows[0]).toEqual({ sooner: 67, untouched: 33 });
    expect(await cancelJob(pool, job.job_id)).toMatchObject({
      outcome: 'cancelled',
      job: { state: 'cancelled', changed: 67 },
    });
    expect(await stepJob(pool, job.job_id, runner, works(10))).toBeNull();
    expect(await cancelJob(pool, job.job_id)).toEqual({ outcome: 'has_ended' });
    expect(await cancelJob(pool, 2_000_000_000)).toEqual({ outcome: 'unknown' });
  });

  test('is taken up after a kill where it was left, and doubles nothing', async () => {
    await addMany(200);
    const killed = runnerOf(300);
    const job = (await change({ threshold: 4 * 3_600 })) as JobRow;
    await takeJob(pool, killed);
    for (let i = 0; i < 6; i++) await stepJob(pool, job.job_id, killed, works(20));
    expect(await takeJob(pool, runnerOf())).toBeNull();
    await pool.query('SELECT pg_sleep(0.35)');
    const heir = runnerOf();
    expect(await takeJob(pool, heir)).toMatchObject({
      job_id: job.job_id,
      state: 'running',
      cursor: { stage: 'now' },
    });
    expect(await stepJob(pool, job.job_id, killed, works(20))).toBeNull();
    let now = await readJob(pool, job.job_id);
    expect(now?.done).toBeGreaterThan(80);
    while (now?.state === 'running') now = await stepJob(pool, job.job_id, heir, works(20));
    expect(now).toMatchObject({ state: 'done', done: 400, changed: 200 });
  });

  test('keeps nothing of a step that was cut off in the middle', async () => {
    await addMany(50);
    const runner = runnerOf();
    const job = (await change({ threshold: 4 * 3_600 })) as JobRow;
    await takeJob(pool, runner);
    await stepJob(pool, job.job_id, runner, works());
    const real = replanWork();
    const cut: Work = {
      ...real,
      async step(client, one) {
        expect((await real.step(client, one)).changed).toBe(50);
        throw new Error('killed');
      },
    };
    await expect(stepJob(pool, job.job_id, runner, { replan: cut })).rejects.toThrow('killed');
    expect(await readJob(pool, job.job_id)).toMatchObject({ cursor: null, done: 0, changed: 0 });
    const { rows } = await pool.query(
      `SELECT count(*)::int AS n FROM schedule WHERE lane = 'checks.deadline'`,
    );
    expect(rows[0].n).toBe(0);
  });

  test('gives way to a later change of the same group, which begins anew', async () => {
    await addMany(100);
    const runner = runnerOf();
    const first = (await change({ threshold: 4 * 3_600 })) as JobRow;
    await takeJob(pool, runner);
    for (let i = 0; i < 4; i++) await stepJob(pool, first.job_id, runner, works(20));
    const second = (await change({ threshold: 6 * 3_600 })) as JobRow;
    expect(await stepJob(pool, first.job_id, runner, works(20))).toBeNull();
    expect(await readJob(pool, first.job_id)).toMatchObject({
      state: 'cancelled',
      replaced_by: second.job_id,
    });
    expect(await run(20)).toMatchObject({ job_id: second.job_id, state: 'done', done: 200 });
    const { rows } = await pool.query(
      `SELECT count(*)::int AS n FROM schedule WHERE deadline_at = last_activity_at + interval '8 hours'
          AND next_check_at <= deadline_at - interval '1 minute'`,
    );
    expect(rows[0].n).toBe(100);
  });

  test('is not made for what is in force already, but answers the one that is still at it, and begins anew what was given up', async () => {
    await add(1);
    expect(await change({ threshold: 36_000, grace: 7_200 })).toBeNull();
    const job = await change({ threshold: 3_600 });
    expect(await change({ threshold: 3_600 })).toEqual(job);
    expect(await changeGroup(pool, group, { name: 'Press' }, confirmDelay)).toEqual({
      outcome: 'changed',
      replan: null,
    });
    await pool.query(`UPDATE jobs SET state = 'failed', error = 'broken', finished_at = now()`);
    const anew = await change({ threshold: 3_600 });
    expect(anew?.job_id).toBeGreaterThan(job?.job_id ?? 0);
    await run();
    expect(await change({ threshold: 3_600 })).toBeNull();
  });

  test('is forgotten with its group', async () => {
    const job = (await change({ threshold: 3_600 })) as JobRow;
    const runner = runnerOf();
    await takeJob(pool, runner);
    await pool.query('DELETE FROM groups WHERE group_id = $1', [group]);
    expect(await stepJob(pool, job.job_id, runner, works())).toBeNull();
  });

  test('finds everything by key, however few of a table are of the group', async () => {
    await addMany(20_000);
    await pool.query('UPDATE profiles SET group_id = 1 WHERE profile_id % 100 <> 0');
    await pool.query('ANALYZE profiles; ANALYZE schedule; ANALYZE groups');
    const plans = await inTransaction(pool, async client => {
      await client.query(chunkSettings);
      await client.query(`PREPARE now AS ${replanNow.text}; PREPARE rest AS ${replanRest.text}`);
      const explain = (name: string) =>
        client.query(`EXPLAIN (ANALYZE, COSTS off) EXECUTE ${name}(${group}, -2147483648, 50, 60000)`);
      const all = [await explain('now'), await explain('rest')];
      await client.query('DEALLOCATE now; DEALLOCATE rest');
      return all.map(({ rows }) => rows.map(row => row['QUERY PLAN']).join('\n'));
    });
    for (const plan of plans) {
      expect(plan).toMatch(/Index Scan using profiles_group on profiles p .*rows=5[0-9]\./);
      expect(plan).not.toMatch(/Seq Scan|Hash Join|Merge Join|Bitmap/);
      expect(plan).not.toMatch(/Rows Removed by Filter: [1-9][0-9]{2}/);
    }
  });
});

describe('a look that is under way while the policy changes', () => {
  const day = 24 * hour;
  /** What a consumer decides that goes by the rule it has loaded. */
  async function judged(claimed: readonly Claimed[]): Promise<Judged[]> {
    const { now, known } = await loadKnown(pool, claimed);
    return known.map(one => {
      const { checkedAt: _, ...rest } = one.known;
      const deadline = now - hour + one.known.rule.threshold + one.known.rule.grace;
      const judgment: Judgment = {
        state: { ...rest, checkedAt: now, accountState: 'ok', lastActivityAt: now - hour, deadline },
        next: { at: now + 7 * day, lane: 'checks.fresh', reason: 'fresh' },
        activities: [],
        opened: [],
        resolved: [],
        identity: null,
      };
      return { ...one, judgment };
    });
  }

  const claim = async () => (await claimDue(pool, 'checks.fresh', 100, 120_000)).claimed;

  beforeEach(() => add(1, { lane: 'checks.fresh', next: -0.1 }));

  test('is taken again: its result, by the old policy, is not written on top of the new plan', async () => {
    const byOldPolicy = await judged(await claim());
    await replan({ threshold: 4 * 3_600 });
    expect(await recordJudgments(pool, byOldPolicy)).toMatchObject({ written: [] });
    expect(await planOf(1)).toMatchObject({ deadline: near(4), next: near(0) });
    const byNewPolicy = await judged(await claim());
    expect(byNewPolicy[0]?.known.rule.threshold).toBe(4 * hour);
    expect(await recordJudgments(pool, byNewPolicy)).toMatchObject({ written: ['1'] });
    expect(await planOf(1)).toMatchObject({ deadline: near(5) });
  });

  test('is taken again though somebody asked for another look in between, which takes the lease away', async () => {
    const byOldPolicy = await judged(await claim());
    await requestCheck(pool, '1');
    await replan({ threshold: 4 * 3_600 });
    expect(await recordJudgments(pool, byOldPolicy)).toMatchObject({ written: [] });
    expect(await planOf(1)).toMatchObject({ deadline: near(4), lane: 'checks.manual', reason: 'manual' });
  });

  test('is taken again though it was the first of all, when there was no deadline to move', async () => {
    await pool.query(
      `UPDATE schedule SET account_state = 'unseen', checked_at = NULL, last_activity_at = NULL, deadline_at = NULL`,
    );
    const byOldPolicy = await judged(await claim());
    await replan({ threshold: 4 * 3_600 });
    expect(await recordJudgments(pool, byOldPolicy)).toMatchObject({ written: [] });
  });

  test('is brought in line when its result comes first', async () => {
    const byOldPolicy = await judged(await claim());
    await change({ threshold: 4 * 3_600 });
    expect(await recordJudgments(pool, byOldPolicy)).toMatchObject({ written: ['1'] });
    expect(await planOf(1)).toMatchObject({ deadline: near(11), next: near(7 * 24) });
    await run();
    expect(await planOf(1)).toMatchObject({
      deadline: near(5),
      next: near(5 - lead),
      lane: 'checks.deadline',
    });
  });

  test('waits for the step that has its row, and is void then', async () => {
    const byOldPolicy = await judged(await claim());
    await change({ threshold: 4 * 3_600 });
    const real = replanWork();
    let recorded: Promise<{ written: readonly string[] }> | undefined;
    const interrupted: Work = {
      ...real,
      async step(client, job) {
        const done = await real.step(client, job);
        recorded ??= recordJudgments(pool, byOldPolicy);
        await client.query('SELECT pg_sleep(0.2)');
        return done;
      },
    };
    const runner = runnerOf();
    let job = await takeJob(pool, runner);
    while (job?.state === 'running') job = await stepJob(pool, job.job_id, runner, { replan: interrupted });
    expect((await recorded)?.written).toEqual([]);
    expect(await planOf(1)).toMatchObject({ deadline: near(4) });
  });

  test('holds when it began by the new policy, while the job still goes on', async () => {
    await add(2, { next: 9 });
    const runner = runnerOf();
    const job = (await change({ threshold: 4 * 3_600 })) as JobRow;
    let now = await takeJob(pool, runner);
    while (now && !now.cancellable) now = await stepJob(pool, job.job_id, runner, works());
    const byNewPolicy = await judged(await claim());
    while (now?.state === 'running') now = await stepJob(pool, job.job_id, runner, works());
    expect(await recordJudgments(pool, byNewPolicy)).toMatchObject({ written: ['1'] });
    expect(await planOf(1)).toMatchObject({ deadline: near(5) });
  });

  test('of many at once never deadlocks with the job', async () => {
    await addMany(300);
    await pool.query(`UPDATE schedule SET next_check_at = now() - interval '1 second'`);
    const batch = await judged((await claimDue(pool, 'checks.fresh', 1_000, 120_000)).claimed);
    const shuffled = Array.from({ length: 8 }, (_, i) =>
      batch.toSorted(
        (a, b) =>
          ((Number(a.known.profileId) * (i + 3)) % 211) - ((Number(b.known.profileId) * (i + 3)) % 211),
      ),
    );
    await change({ threshold: 4 * 3_600 });
    await Promise.all([run(20), ...shuffled.map(one => recordJudgments(pool, one))]);
    const { rows } = await pool.query(
      `SELECT (SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()) AS deadlocks,
              (SELECT count(*)::int FROM schedule WHERE deadline_at <> last_activity_at + interval '6 hours') AS wrong`,
    );
    expect(rows[0]).toEqual({ deadlocks: 0, wrong: 0 });
  });
});
