import { randomUUID } from 'node:crypto';
import {
  forgetJobs,
  noteFailure,
  type Runner,
  releaseJob,
  stepJob,
  takeJob,
  type Works,
} from '@app/database/job-steps';
import type { JobRow } from '@app/database/jobs';
import type { Pool } from '@app/database/pool';
import { replanWork } from '@app/database/replan';
import { isPassing } from '@app/database/retry';
import type { Log } from '@app/runtime/log';
import type { JobMetrics } from './job-metrics.ts';

export interface JobRunning {
  readonly pool: Pool;
  readonly settings: { readonly JOB_LEASE_MS: number };
  readonly metrics: JobMetrics;
  readonly log: Log;
}

/** Jobs that ended are kept for so long. */
const keptDays = 30;

/** Does the jobs that wait, one after the other, and those whose runner has died. Never throws. */
export function createJobRunner(
  running: JobRunning,
  signal: AbortSignal,
  works: Works = { replan: replanWork() },
) {
  const runner = { id: randomUUID(), leaseMs: running.settings.JOB_LEASE_MS };
  const doing: Doing = { ...running, runner, works, signal };
  let current: Promise<void> = Promise.resolve();
  let isLost = false;
  const look = async () => {
    try {
      for (let job = await next(doing); job !== null; job = await next(doing)) await runJob(doing, job);
      isLost = false;
    } catch (error) {
      // Once for each time the database is away: it is asked every second.
      if (!isLost) running.log.warn({ err: error }, 'jobs cannot be done now; they wait');
      isLost = true;
    }
  };
  return {
    async tick(): Promise<void> {
      current = look();
      await current;
    },
    inHand: () => current,
  };
}

interface Doing extends JobRunning {
  readonly runner: Runner;
  readonly works: Works;
  readonly signal: AbortSignal;
}

async function next({ pool, runner, signal }: Doing): Promise<JobRow | null> {
  return signal.aborted ? null : takeJob(pool, runner);
}

async function runJob(doing: Doing, taken: JobRow): Promise<void> {
  const { pool, runner, log } = doing;
  const about = { job: taken.job_id, kind: taken.kind, group: taken.group_id };
  log.info({ ...about, done: taken.done }, taken.done > 0 ? 'a job is taken up again' : 'a job begins');
  try {
    const left = await stepThrough(doing, taken);
    if (left?.state === 'running') {
      await releaseJob(pool, taken.job_id, runner);
      log.info({ ...about, done: left.done, total: left.total }, 'a job is left to the next producer');
    } else if (left === null) log.info(about, 'a job was taken from this producer, or ended by people');
    else await noteDone(doing, left);
  } catch (error) {
    await noteFailed(doing, taken, error);
  } finally {
    doing.metrics.left.set({ kind: taken.kind }, 0);
  }
}

/** Step by step to the end of the job, or until it is no longer ours, or until we are told to stop. */
async function stepThrough(
  { pool, runner, works, signal, metrics }: Doing,
  taken: JobRow,
): Promise<JobRow | null> {
  const { kind } = taken;
  let job: JobRow | null = taken;
  while (job?.state === 'running' && !signal.aborted) {
    const { done } = job;
    job = await stepJob(pool, taken.job_id, runner, works);
    if (job === null) break;
    metrics.rows.inc({ kind }, job.done - done);
    metrics.left.set({ kind }, Math.max(0, (job.total ?? job.done) - job.done));
  }
  return job;
}

async function noteDone({ pool, metrics, log }: Doing, job: JobRow): Promise<void> {
  const { job_id, kind, group_id, changed, total, started_at, finished_at } = job;
  metrics.ended.inc({ kind, state: 'done' });
  const seconds = Math.round(((finished_at ?? 0) - (started_at ?? 0)) / 100) / 10;
  log.info({ job: job_id, kind, group: group_id, rows: total, changed, seconds }, 'a job is done');
  await forgetJobs(pool, keptDays);
}

/** A lost database is no failure of the job: its lease ends, and whoever finds it goes on. */
async function noteFailed(
  { pool, runner, metrics, log }: Doing,
  taken: JobRow,
  error: unknown,
): Promise<void> {
  const { job_id, kind } = taken;
  metrics.failedSteps.inc({ kind });
  if (isPassing(error)) throw error;
  const text = error instanceof Error ? error.message : String(error);
  const job = await noteFailure(pool, job_id, runner, text);
  if (job?.state !== 'failed') {
    log.warn(
      { err: error, job: job_id, kind, failures: job?.failures },
      'a step of a job failed; it is tried again',
    );
    return;
  }
  metrics.ended.inc({ kind, state: 'failed' });
  log.error({ err: error, job: job_id, kind }, 'a job is given up; asking for the same again begins it anew');
}
