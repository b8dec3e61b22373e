import { type JobKind, type JobRow, jobColumns } from './jobs.ts';
import { type Client, inTransaction, type Pool, type Queryable } from './pool.ts';
import { withRetry } from './retry.ts';

/** What one step did. */
export interface Step {
  /** Where the next one begins; null: there is nothing left to do. */
  readonly cursor: object | null;
  /** Rows gone through, and of these, rows that were changed. */
  readonly rows: number;
  readonly changed: number;
  /** Whether nothing goes wrong when the job stops here. */
  readonly cancellable: boolean;
}

/** How a kind of job is done. Both run in the transaction that keeps the progress, so neither may take longer than a second or two. */
export interface Work {
  /** Rows that all steps together go through, as far as is known at the beginning. */
  count(client: Client, job: JobRow): Promise<number>;
  step(client: Client, job: JobRow): Promise<Step>;
}

export type Works = Readonly<Record<JobKind, Work>>;

export interface Runner {
  /** A UUID: whoever runs jobs one after the other. */
  readonly id: string;
  /** A runner that takes no step for so long is taken for dead. */
  readonly leaseMs: number;
}

/** A failed step is tried again after 2, 4, 8 … seconds, so often in a row. */
const mostFailures = 5;

/**
 * Takes the oldest job that nobody works on, or whose runner takes no steps any more. A step that is under way holds the row, and
 * what is held is passed over: nobody is taken for dead while a step takes long.
 */
export async function takeJob(db: Queryable, runner: Runner): Promise<JobRow | null> {
  const { rows } = await db.query<JobRow>(
    `UPDATE jobs j SET state = 'running', runner = $1, started_at = coalesce(j.started_at, now()),
            lease_until = now() + $2 * interval '1 millisecond'
      WHERE j.job_id = (SELECT job_id FROM jobs WHERE state IN ('queued', 'running') AND lease_until <= now()
                         ORDER BY job_id LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING ${jobColumns}`,
    [runner.id, runner.leaseMs],
  );
  return rows[0] ?? null;
}

/**
 * The next step of a job, from where the row says: the work, and how far it came, are kept together or not at all. Answers the
 * job as it is then; null when it is not this runner's any more (taken over, replaced, cancelled, or erased with its group).
 */
export async function stepJob(
  pool: Pool,
  jobId: number,
  runner: Runner,
  works: Works,
): Promise<JobRow | null> {
  return withRetry(() =>
    inTransaction(pool, async client => {
      const { rows } = await client.query<JobRow>(
        `SELECT ${jobColumns} FROM jobs j WHERE j.job_id = $1 AND j.runner = $2
            AND j.state IN ('running', 'done') FOR UPDATE OF j`,
        [jobId, runner.id],
      );
      const [job] = rows;
      // Done: the answer to the commit of its last step was lost on the way, and this is the step tried again.
      if (job === undefined || job.state === 'done') return job ?? null;
      const work = works[job.kind];
      if (job.total === null) return keepTotal(client, job, await work.count(client, job), runner);
      return keepStep(client, job, await work.step(client, job), runner);
    }),
  );
}

async function keepTotal(client: Client, job: JobRow, total: number, runner: Runner): Promise<JobRow | null> {
  const { rows } = await client.query<JobRow>(
    `UPDATE jobs j SET total = $2, lease_until = clock_timestamp() + $3 * interval '1 millisecond'
      WHERE j.job_id = $1 RETURNING ${jobColumns}`,
    [job.job_id, total, runner.leaseMs],
  );
  return rows[0] ?? null;
}

async function keepStep(client: Client, job: JobRow, step: Step, runner: Runner): Promise<JobRow | null> {
  const isDone = step.cursor === null;
  const { rows } = await client.query<JobRow>(
    `UPDATE jobs j SET cursor = $2, done = j.done + $3, changed = j.changed + $4, failures = 0, error = NULL,
            lease_until = clock_timestamp() + $5 * interval '1 millisecond',
            state = CASE WHEN $6 THEN 'done' ELSE j.state END,
            finished_at = CASE WHEN $6 THEN clock_timestamp() END, cancellable = $7,
            total = CASE WHEN $6 THEN j.done + $3 ELSE greatest(j.total, j.done + $3) END
      WHERE j.job_id = $1 RETURNING ${jobColumns}`,
    [
      job.job_id,
      step.cursor ?? job.cursor,
      step.rows,
      step.changed,
      runner.leaseMs,
      isDone,
      step.cancellable,
    ],
  );
  return rows[0] ?? null;
}

/** Gives a job back in the middle, so that the next runner need not wait for the lease to end. */
export async function releaseJob(db: Queryable, jobId: number, runner: Runner): Promise<void> {
  await db.query(
    `UPDATE jobs SET state = 'queued', lease_until = now() WHERE job_id = $1 AND runner = $2 AND state = 'running'`,
    [jobId, runner.id],
  );
}

/** Notes that a step failed: it is tried again after a while, or given up. Null when the job is not this runner's any more. */
export async function noteFailure(
  db: Queryable,
  jobId: number,
  runner: Runner,
  error: string,
): Promise<JobRow | null> {
  const { rows } = await db.query<JobRow>(
    `UPDATE jobs j SET failures = j.failures + 1, error = $3, lease_until = now() + 2 ^ (j.failures + 1) * interval '1 second',
            state = CASE WHEN j.failures + 1 < ${mostFailures} THEN 'queued' ELSE 'failed' END::job_state,
            finished_at = CASE WHEN j.failures + 1 < ${mostFailures} THEN NULL ELSE now() END
      WHERE j.job_id = $1 AND j.runner = $2 AND j.state = 'running' RETURNING ${jobColumns}`,
    [jobId, runner.id, error],
  );
  return rows[0] ?? null;
}

/** Forgets the jobs that ended so long ago. */
export async function forgetJobs(db: Queryable, olderThanDays: number): Promise<void> {
  await db.query(`DELETE FROM jobs WHERE finished_at < now() - $1 * interval '1 day'`, [olderThanDays]);
}
