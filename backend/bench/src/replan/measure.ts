import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { changeGroup } from '@app/database/change-group';
import { stepJob, takeJob } from '@app/database/job-steps';
import { type JobRow, readJob } from '@app/database/jobs';
import type { Pool } from '@app/database/pool';
import { replanWork } from '@app/database/replan';

export interface ReplanOptions {
  /** The new threshold of the group, in seconds; it must differ from the one that it has. */
  readonly threshold: number;
  /** Who does the job: a producer that runs on this database, or this process, where none runs. */
  readonly by: 'producer' | 'here';
  readonly confirmDelayMs?: number;
  readonly timeoutMs?: number;
}

export interface ReplanMeasured {
  readonly profiles: number;
  /** Of these, whose row was changed. */
  readonly changed: number;
  /** From the request that changes the group until all of its profiles are in line. */
  readonly seconds: number;
  /** Of that, until all were planned that an alert could hang on. */
  readonly urgent_seconds: number;
}

const pollMs = 100;

/** Changes a group's threshold as `PATCH /groups/:id` does, and times the job that follows. */
export async function measureReplan(
  pool: Pool,
  groupId: number,
  options: ReplanOptions,
): Promise<ReplanMeasured> {
  const { threshold, confirmDelayMs = 60_000, timeoutMs = 600_000 } = options;
  const begin = performance.now();
  const changed = await changeGroup(pool, groupId, { threshold }, confirmDelayMs);
  if (changed.outcome !== 'changed' || changed.replan === null) {
    throw new Error(`group ${groupId} was not planned anew: it is unknown, or has this threshold already`);
  }
  const advance = advancer(pool, changed.replan.job_id, options);
  let urgentAt: number | null = null;
  for (;;) {
    const job = await advance();
    const now = performance.now();
    if (urgentAt === null && (job.cancellable || job.state === 'done')) urgentAt = now;
    if (job.state === 'done') return measured(job, { begin, urgentAt: urgentAt ?? now, end: now });
    if (job.finished_at !== null) throw new Error(`the re-plan was ${job.state}: ${job.error}`);
    if (now - begin > timeoutMs) throw new Error(`the re-plan was not done after ${timeoutMs / 1_000} s`);
  }
}

/** What brings the job on, or waits until another has. */
function advancer(pool: Pool, jobId: number, { by }: ReplanOptions): () => Promise<JobRow> {
  if (by === 'producer') {
    return async () => {
      await sleep(pollMs);
      return existing(await readJob(pool, jobId));
    };
  }
  const runner = { id: randomUUID(), leaseMs: 60_000 };
  const works = { replan: replanWork() };
  let isTaken = false;
  return async () => {
    if (isTaken) return existing(await stepJob(pool, jobId, runner, works));
    isTaken = (await takeJob(pool, runner))?.job_id === jobId;
    if (!isTaken) throw new Error('another job waits in this database');
    return existing(await readJob(pool, jobId));
  };
}

function existing(job: JobRow | null): JobRow {
  if (job === null) throw new Error('the re-plan was taken over by a producer on this database');
  return job;
}

function measured(job: JobRow, at: { begin: number; urgentAt: number; end: number }): ReplanMeasured {
  const seconds = (end: number) => Math.round((end - at.begin) / 10) / 100;
  return {
    profiles: job.done / 2,
    changed: job.changed,
    seconds: seconds(at.end),
    urgent_seconds: seconds(at.urgentAt),
  };
}
