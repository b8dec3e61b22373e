import { changeGroup } from '@app/database/change-group';
import { stepJob, takeJob } from '@app/database/job-steps';
import { type JobRow, readJob } from '@app/database/jobs';
import { createPool, type Pool } from '@app/database/pool';
import { replanWork } from '@app/database/replan';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createJobMetrics } from './job-metrics.ts';
import { createJobRunner, type JobRunning } from './jobs.ts';

let database: TestDatabase;
let pool: Pool;
let said: [text: string, fields: Record<string, unknown>][];

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', connections: 20, onError: () => undefined });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

beforeEach(async () => {
  await pool.query('TRUNCATE profiles, jobs CASCADE; DROP TRIGGER IF EXISTS refuse ON schedule');
  await pool.query('UPDATE groups SET threshold_s = 604800, grace_s = 86400');
  await pool.query('INSERT INTO profiles (profile_id) SELECT generate_series(1, 9000)');
  await pool.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane, account_state, last_activity_at, checked_at, deadline_at)
     SELECT i, now() + interval '7 days', 'checks.fresh', 'ok', now(), now(), now() + interval '8 days' FROM generate_series(1, 9000) i`,
  );
  said = [];
});

function running(jobLeaseMs = 10_000): JobRunning & { registry: Registry } {
  const registry = new Registry();
  const say = (fields: object, text: string) => void said.push([text, fields as Record<string, unknown>]);
  return {
    pool,
    settings: { JOB_LEASE_MS: jobLeaseMs },
    metrics: createJobMetrics(registry),
    log: { debug: say, info: say, warn: say, error: say },
    registry,
  };
}

const texts = () => said.map(([text]) => text);

async function replan(days: number): Promise<JobRow> {
  const changed = await changeGroup(pool, 1, { threshold: days * 86_400 }, 60_000);
  return (changed.outcome === 'changed' ? changed.replan : null) as JobRow;
}

async function planned(days: number): Promise<number> {
  const { rows } = await pool.query(
    `SELECT count(*)::int AS n FROM schedule WHERE deadline_at = last_activity_at + $1 * interval '1 day'`,
    [days + 1],
  );
  return rows[0].n;
}

const never = new AbortController().signal;
const inSmallSteps = { replan: replanWork(500) };

test('a producer does what waits, and tells when it begins and ends and how far it is', async () => {
  const { job_id } = await replan(2);
  const parts = running();
  await createJobRunner(parts, never).tick();
  expect(await planned(2)).toBe(9_000);
  expect(said).toEqual([
    ['a job begins', { job: job_id, kind: 'replan', group: 1, done: 0 }],
    [
      'a job is done',
      { job: job_id, kind: 'replan', group: 1, rows: 18_000, changed: 9_000, seconds: expect.any(Number) },
    ],
  ]);
  const metrics = await parts.registry.metrics();
  expect(metrics).toContain('job_rows_total{kind="replan"} 18000');
  expect(metrics).toContain('job_rows_left{kind="replan"} 0');
  expect(metrics).toContain('jobs_ended_total{kind="replan",state="done"} 1');
});

test('with nothing to do it says nothing', async () => {
  const runner = createJobRunner(running(), never);
  await runner.tick();
  await runner.inHand();
  expect(said).toEqual([]);
});

test('a producer that is told to stop stops between two steps, and the next goes on from there at once', async () => {
  const { job_id } = await replan(2);
  const stopping = new AbortController();
  const stopped = createJobRunner(running(), stopping.signal, inSmallSteps);
  const ticking = stopped.tick();
  while ((await readJob(pool, job_id))?.done === 0) await pool.query('SELECT pg_sleep(0.005)');
  stopping.abort();
  await stopped.inHand();
  await ticking;
  const left = await readJob(pool, job_id);
  expect(left).toMatchObject({ state: 'queued', total: 18_000 });
  expect(left?.done).toBeLessThan(18_000);
  await stopped.tick();
  expect((await readJob(pool, job_id))?.state).toBe('queued');
  await createJobRunner(running(), never).tick();
  expect(await readJob(pool, job_id)).toMatchObject({ state: 'done', done: 18_000, changed: 9_000 });
  expect(texts()).toEqual([
    'a job begins',
    'a job is left to the next producer',
    'a job is taken up again',
    'a job is done',
  ]);
});

test('what a killed producer left is taken up when its lease has ended, and not before', async () => {
  const { job_id } = await replan(2);
  const killed = { id: '00000000-0000-4000-8000-000000000000', leaseMs: 400 };
  await takeJob(pool, killed);
  for (let i = 0; i < 3; i++) await stepJob(pool, job_id, killed, { replan: replanWork() });
  const heir = createJobRunner(running(), never);
  await heir.tick();
  expect(texts()).toEqual([]);
  await pool.query('SELECT pg_sleep(0.45)');
  await heir.tick();
  expect(await readJob(pool, job_id)).toMatchObject({ state: 'done', changed: 9_000 });
  expect(await planned(2)).toBe(9_000);
});

test('of several producers one does the job', async () => {
  const { job_id } = await replan(2);
  await Promise.all(Array.from({ length: 4 }, () => createJobRunner(running(), never).tick()));
  expect(await readJob(pool, job_id)).toMatchObject({ state: 'done', done: 18_000, changed: 9_000 });
  expect(texts()).toEqual(['a job begins', 'a job is done']);
});

test('a job that is replaced while a producer is at it is dropped, and the one that replaces it is done', async () => {
  const first = await replan(2);
  const ticking = createJobRunner(running(), never, inSmallSteps).tick();
  while ((await readJob(pool, first.job_id))?.done === 0) await pool.query('SELECT pg_sleep(0.005)');
  const second = await replan(4);
  await ticking;
  expect(await readJob(pool, first.job_id)).toMatchObject({ state: 'cancelled', replaced_by: second.job_id });
  expect(await readJob(pool, second.job_id)).toMatchObject({ state: 'done' });
  expect(await planned(4)).toBe(9_000);
  expect(texts()).toEqual([
    'a job begins',
    'a job was taken from this producer, or ended by people',
    'a job begins',
    'a job is done',
  ]);
});

test('a step that fails is told, waits, and is tried again', async () => {
  await pool.query(`CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no room'; END $$`);
  await pool.query('CREATE TRIGGER refuse BEFORE UPDATE ON schedule FOR EACH ROW EXECUTE FUNCTION refuse()');
  const { job_id } = await replan(2);
  const parts = running();
  const runner = createJobRunner(parts, never);
  await runner.tick();
  expect(await readJob(pool, job_id)).toMatchObject({
    state: 'queued',
    failures: 1,
    error: 'no room',
    done: 0,
  });
  expect(texts()).toEqual(['a job begins', 'a step of a job failed; it is tried again']);
  expect(await parts.registry.metrics()).toContain('job_failed_steps_total{kind="replan"} 1');
  await pool.query('DROP TRIGGER refuse ON schedule; UPDATE jobs SET lease_until = now()');
  await runner.tick();
  expect(await readJob(pool, job_id)).toMatchObject({ state: 'done', failures: 0, error: null });
});

test('a database that is away is told once, and the job goes on when it is back', async () => {
  const { job_id } = await replan(2);
  let isAway = true;
  const lost = () =>
    Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
  const flaky = new Proxy(pool, {
    get: (target, name) => {
      if (isAway && (name === 'query' || name === 'connect')) return lost;
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const runner = createJobRunner({ ...running(), pool: flaky }, never);
  await runner.tick();
  await runner.tick();
  expect(texts()).toEqual(['jobs cannot be done now; they wait']);
  isAway = false;
  await runner.tick();
  expect(await readJob(pool, job_id)).toMatchObject({ state: 'done' });
});
