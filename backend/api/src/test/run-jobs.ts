import { randomUUID } from 'node:crypto';
import { type Runner, stepJob, takeJob } from '@app/database/job-steps';
import type { Pool } from '@app/database/pool';
import { replanWork } from '@app/database/replan';

const works = { replan: replanWork(1) };

/** Does what waits, as a producer does. `steps`: at most so many of each job. */
export async function runJobs(pool: Pool, steps = Number.POSITIVE_INFINITY): Promise<void> {
  const runner: Runner = { id: randomUUID(), leaseMs: 60_000 };
  for (let job = await takeJob(pool, runner); job !== null; job = await takeJob(pool, runner)) {
    for (let i = 0; i < steps && job?.state === 'running'; i++)
      job = await stepJob(pool, job.job_id, runner, works);
  }
}
