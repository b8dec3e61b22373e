import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  forgetJobs,
  noteFailure,
  type Runner,
  releaseJob,
  stepJob,
  takeJob,
  type Work,
} from './job-steps.ts';
import { type JobRow, listJobs, readJob } from './jobs.ts';
import { createPool, inTransaction, type Pool } from './pool.ts';
import { enqueueReplan } from './replan.ts';
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
  await pool.query('TRUNCATE jobs; DELETE FROM groups WHERE group_id > 1');
  await pool.query(
    `INSERT INTO groups (group_id, name, threshold_s, grace_s, freshness_s) SELECT i, 'group ' || i, 60, 0, 60 FROM generate_series(2, 6) i`,
  );
});

const runnerOf = (leaseMs = 60_000): Runner => ({ id: randomUUID(), leaseMs });
const enqueue = (group: number): Promise<JobRow> =>
  inTransaction(pool, client => enqueueReplan(client, group, 60_000));

/** Counts to `total`, ten at a time. */
function counting(total: number): Work {
  return {
    count: async () => total,
    step: async (_, job) => {
      const at = ((job.cursor as { at: number } | null)?.at ?? 0) + 10;
      return { cursor: at >= total ? null : { at }, rows: 10, changed: 3, cancellable: true };
    },
  };
}

const step = (job: JobRow, runner: Runner, work: Work) => stepJob(pool, job.job_id, runner, { replan: work });

test('a job is counted first, goes on step by step from where it was, and ends', async () => {
  const job = await enqueue(2);
  const runner = runnerOf();
  expect(await takeJob(pool, runner)).toMatchObject({
    job_id: job.job_id,
    state: 'running',
    total: null,
    done: 0,
  });
  expect(await step(job, runner, counting(30))).toMatchObject({ total: 30, done: 0, cursor: null });
  expect(await step(job, runner, counting(30))).toMatchObject({
    done: 10,
    changed: 3,
    cursor: { at: 10 },
    cancellable: true,
  });
  await step(job, runner, counting(30));
  const last = await step(job, runner, counting(30));
  expect(last).toMatchObject({
    state: 'done',
    done: 30,
    total: 30,
    changed: 9,
    cancellable: false,
    group_name: 'group 2',
  });
  expect(last?.finished_at).toBeGreaterThanOrEqual(last?.started_at ?? Number.POSITIVE_INFINITY);
  expect(await takeJob(pool, runner)).toBeNull();
});

test('a last step whose commit went unheard is not taken twice', async () => {
  const job = await enqueue(2);
  const runner = runnerOf();
  await takeJob(pool, runner);
  for (let i = 0; i < 2; i++) await step(job, runner, counting(10));
  expect(await step(job, runner, counting(10))).toMatchObject({ state: 'done', done: 10 });
});

test('several runners take each job once, the oldest first', async () => {
  for (let group = 2; group <= 6; group++) await enqueue(group);
  const first = await takeJob(pool, runnerOf());
  expect(first?.group_id).toBe(2);
  const others = await Promise.all(Array.from({ length: 8 }, () => takeJob(pool, runnerOf())));
  const taken = [first, ...others].flatMap(job => (job ? [job.job_id] : []));
  expect(new Set(taken).size).toBe(taken.length);
  while (await takeJob(pool, runnerOf())) taken.push(0);
  expect(taken.length).toBe(5);
});

test('whose step takes longer than the lease is not taken for dead', async () => {
  const job = await enqueue(2);
  const slow = runnerOf(50);
  await takeJob(pool, slow);
  const work: Work = {
    ...counting(30),
    async count(client) {
      await client.query('SELECT pg_sleep(0.3)');
      return 30;
    },
  };
  const stepping = step(job, slow, work);
  await pool.query('SELECT pg_sleep(0.15)');
  expect(await takeJob(pool, runnerOf())).toBeNull();
  expect(await stepping).toMatchObject({ total: 30 });
});

test('one that is given back is taken up at once, where it was', async () => {
  const job = await enqueue(2);
  const [leaving, heir] = [runnerOf(), runnerOf()];
  await takeJob(pool, leaving);
  for (let i = 0; i < 2; i++) await step(job, leaving, counting(30));
  await releaseJob(pool, job.job_id, heir);
  expect(await takeJob(pool, heir)).toBeNull();
  await releaseJob(pool, job.job_id, leaving);
  expect(await takeJob(pool, heir)).toMatchObject({ job_id: job.job_id, cursor: { at: 10 } });
  expect(await step(job, leaving, counting(30))).toBeNull();
});

describe('a job whose steps fail', () => {
  test('waits ever longer, says why, and is given up after five in a row', async () => {
    const job = await enqueue(2);
    const runner = runnerOf();
    for (let failures = 1; failures <= 5; failures++) {
      await pool.query('UPDATE jobs SET lease_until = now()');
      await takeJob(pool, runner);
      const noted = await noteFailure(pool, job.job_id, runner, 'out of luck');
      expect(noted).toMatchObject({
        failures,
        error: 'out of luck',
        state: failures < 5 ? 'queued' : 'failed',
      });
      const { rows } = await pool.query(
        'SELECT extract(epoch FROM lease_until - now())::float8 AS wait FROM jobs',
      );
      expect(rows[0].wait).toBeCloseTo(2 ** failures, 0);
      expect(await takeJob(pool, runner)).toBeNull();
    }
    await pool.query('UPDATE jobs SET lease_until = now()');
    expect(await takeJob(pool, runner)).toBeNull();
  });

  test('begins to count anew with a step that succeeds', async () => {
    const job = await enqueue(2);
    const runner = runnerOf();
    await takeJob(pool, runner);
    await noteFailure(pool, job.job_id, runner, 'out of luck');
    await pool.query('UPDATE jobs SET lease_until = now()');
    await takeJob(pool, runner);
    await step(job, runner, counting(30));
    expect(await step(job, runner, counting(30))).toMatchObject({ failures: 0, error: null });
  });

  test('is not spoken for by a runner that has lost it', async () => {
    const job = await enqueue(2);
    await takeJob(pool, runnerOf());
    expect(await noteFailure(pool, job.job_id, runnerOf(), 'late')).toBeNull();
    expect(await readJob(pool, job.job_id)).toMatchObject({ failures: 0, error: null });
  });
});

test('jobs that ended long ago are forgotten, and no others', async () => {
  const jobs = [await enqueue(2), await enqueue(3), await enqueue(4)];
  await pool.query(
    `UPDATE jobs SET state = 'done', finished_at = now() - (job_id - $1) * interval '20 days' WHERE job_id > $1`,
    [jobs[0]?.job_id],
  );
  await forgetJobs(pool, 30);
  const left = await listJobs(pool, {}, { before: null, limit: 10 });
  expect(left.map(job => [job.group_id, job.state])).toEqual([
    [3, 'done'],
    [2, 'queued'],
  ]);
});

test('a group has one job at most that plans it anew', async () => {
  await enqueue(2);
  await expect(pool.query(`INSERT INTO jobs (kind, group_id) VALUES ('replan', 2)`)).rejects.toThrow(
    'jobs_one_replan',
  );
  await Promise.all(Array.from({ length: 4 }, () => enqueue(3).catch(() => null)));
  const { rows } = await pool.query(
    `SELECT count(*)::int AS active FROM jobs WHERE group_id = 3 AND state IN ('queued', 'running')`,
  );
  expect(rows[0].active).toBe(1);
});
