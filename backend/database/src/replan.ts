import type { Step, Work } from './job-steps.ts';
import { type JobRow, jobColumns } from './jobs.ts';
import type { Client } from './pool.ts';
import { chunkSettings, replanNow, replanRest } from './replan-statement.ts';

/** Given to the job of a group whose threshold or grace was changed. */
interface ReplanParams {
  /** How long before a deadline the first of the two looks is due. */
  readonly confirm_delay_ms: number;
}

/**
 * Twice through the group by its index, in the order of the ids. First `now`: all that an alert could hang on; then `rest`: the
 * deadlines of the others, which are only shown. Within a stage the order does not matter much: the most overdue would gain some
 * ten seconds of a million profiles' first stage, and no index knows it.
 */
interface ReplanCursor {
  readonly stage: 'now' | 'rest';
  /** The last block of ids gone through. */
  readonly after: number;
}

const beginning: ReplanCursor = { stage: 'now', after: -2_147_483_648 };

/**
 * Has the profiles of a group planned anew after its policy was changed, in the transaction that changes it. A job of the same
 * group that is still at work is ended: it may have passed profiles that the newest policy concerns, so this one begins anew.
 */
export async function enqueueReplan(
  client: Client,
  groupId: number,
  confirmDelayMs: number,
): Promise<JobRow> {
  const params: ReplanParams = { confirm_delay_ms: confirmDelayMs };
  const replaced = await client.query<{ job_id: number }>(
    `UPDATE jobs SET state = 'cancelled', finished_at = now()
      WHERE kind = 'replan' AND group_id = $1 AND state IN ('queued', 'running') RETURNING job_id`,
    [groupId],
  );
  const { rows } = await client.query<JobRow>(
    `INSERT INTO jobs AS j (kind, group_id, params, cancellable) VALUES ('replan', $1, $2, false) RETURNING ${jobColumns}`,
    [groupId, params],
  );
  const job = rows[0] as JobRow;
  await client.query('UPDATE jobs SET replaced_by = $1 WHERE job_id = ANY ($2::integer[])', [
    job.job_id,
    replaced.rows.map(row => row.job_id),
  ]);
  return job;
}

/** The job that brings a group's profiles in line with its policy, unless it is done: under way, waiting, or given up. */
export async function unfinishedReplan(client: Client, groupId: number): Promise<JobRow | null> {
  const { rows } = await client.query<JobRow>(
    `SELECT ${jobColumns} FROM jobs j WHERE j.group_id = $1 AND j.kind = 'replan' ORDER BY j.job_id DESC LIMIT 1`,
    [groupId],
  );
  const [last] = rows;
  return last && last.state !== 'done' ? last : null;
}

/**
 * 5,000 rows take some 60 ms; as long at most does a consumer wait that looks at one of them. With 2,000, and every processor busy with
 * checks, the way to and fro between the statements took as long as they did.
 */
const rowsPerStep = 5_000;

/** `rows`: of one step. */
export function replanWork(rows = rowsPerStep): Work {
  return {
    async count(client, { group_id }) {
      const counted = await client.query<{ profiles: number }>(
        'SELECT count(*)::float8 AS profiles FROM profiles WHERE group_id = $1',
        [group_id],
      );
      return 2 * (counted.rows[0]?.profiles ?? 0);
    },
    step: (client, job) => step(client, job, rows),
  };
}

async function step(client: Client, job: JobRow, most: number): Promise<Step> {
  // Both are what this file wrote.
  const { stage, after } = (job.cursor as ReplanCursor | null) ?? beginning;
  const { confirm_delay_ms: confirmDelay } = job.params as ReplanParams;
  await client.query(chunkSettings);
  const statement = { now: replanNow, rest: replanRest }[stage];
  const { rows } = await client.query<{ rows: number; last: number | null; changed: number }>({
    ...statement,
    values: [job.group_id, after, most, confirmDelay],
  });
  const { rows: gone = 0, last = null, changed = 0 } = rows[0] ?? {};
  const next = cursorAfter(stage, gone < most ? null : last);
  return { cursor: next, rows: gone, changed, cancellable: next?.stage === 'rest' };
}

/** `last`: the last block gone through; null: there is none after it. */
function cursorAfter(stage: ReplanCursor['stage'], last: number | null): ReplanCursor | null {
  if (last !== null) return { stage, after: last };
  return stage === 'now' ? { ...beginning, stage: 'rest' } : null;
}
