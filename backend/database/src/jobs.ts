import { inTransaction, type Pool, type Queryable } from './pool.ts';
import { withRetry } from './retry.ts';

export type JobKind = 'replan';
export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/** Work that is too long for a request: migrations/0010. */
export interface JobRow {
  readonly job_id: number;
  readonly kind: JobKind;
  readonly group_id: number | null;
  readonly group_name: string | null;
  /** Given when it was made, in the words of its kind. */
  readonly params: unknown;
  /** Where the next step begins, in the words of its kind; null before the first. */
  readonly cursor: unknown;
  /** Whether nothing goes wrong when it stops where it is. */
  readonly cancellable: boolean;
  readonly state: JobState;
  readonly done: number;
  readonly total: number | null;
  readonly changed: number;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly runner: string | null;
  readonly failures: number;
  readonly error: string | null;
  readonly replaced_by: number | null;
}

/** Over the alias j. */
export const jobColumns = `
  j.job_id, j.kind, j.group_id, (SELECT g.name FROM groups g WHERE g.group_id = j.group_id) AS group_name, j.params,
  j.cursor, j.cancellable AND j.finished_at IS NULL AS cancellable, j.state, j.done::float8 AS done, j.total::float8 AS total, j.changed::float8 AS changed, j.created_at,
  j.started_at, j.finished_at, j.runner, j.failures, j.error, j.replaced_by`;

export interface JobFilter {
  readonly states?: readonly JobState[] | undefined;
  readonly groupId?: number | undefined;
}

/** A page of jobs, newest first, from the one before `before` on. */
export async function listJobs(
  db: Queryable,
  filter: JobFilter,
  page: { readonly before: number | null; readonly limit: number },
): Promise<JobRow[]> {
  const { rows } = await db.query<JobRow>(
    `SELECT ${jobColumns} FROM jobs j
      WHERE ($1::integer IS NULL OR j.job_id < $1) AND ($2::integer IS NULL OR j.group_id = $2)
        AND ($3::text[] IS NULL OR j.state::text = ANY ($3))
      ORDER BY j.job_id DESC LIMIT $4`,
    [page.before, filter.groupId, filter.states, page.limit],
  );
  return rows;
}

export async function readJob(db: Queryable, jobId: number): Promise<JobRow | null> {
  const { rows } = await db.query<JobRow>(`SELECT ${jobColumns} FROM jobs j WHERE j.job_id = $1`, [jobId]);
  return rows[0] ?? null;
}

export type JobCancelled =
  | { readonly outcome: 'cancelled'; readonly job: JobRow }
  | { readonly outcome: 'unknown' | 'has_ended' | 'must_go_on' };

/** Ends a job between two of its steps. What they did stays. */
export async function cancelJob(pool: Pool, jobId: number): Promise<JobCancelled> {
  return withRetry(() =>
    inTransaction(pool, async client => {
      const { rows } = await client.query<JobRow>(
        `SELECT ${jobColumns} FROM jobs j WHERE j.job_id = $1 FOR UPDATE OF j`,
        [jobId],
      );
      const [job] = rows;
      if (job === undefined) return { outcome: 'unknown' };
      if (job.finished_at !== null) return { outcome: 'has_ended' };
      if (!job.cancellable) return { outcome: 'must_go_on' };
      const ended = await client.query<JobRow>(
        `UPDATE jobs j SET state = 'cancelled', finished_at = now() WHERE j.job_id = $1 RETURNING ${jobColumns}`,
        [jobId],
      );
      return { outcome: 'cancelled', job: ended.rows[0] ?? job };
    }),
  );
}
