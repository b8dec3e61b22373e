import { free } from './claim-statement.ts';
import type { Pool } from './pool.ts';

/** Looked through in one statement: 10 ms of the server's time. */
const mostAtOnce = 10_000;

export interface Walk {
  /** Looks that wait with the deadlines now. */
  readonly promoted: number;
  /** Whether the walk came to its end, and if not, how far: milliseconds by the database's clock. */
  readonly ended: boolean;
  readonly reached: number;
}

const promoteStatement = `
  WITH passed AS MATERIALIZED (
    SELECT profile_id, deadline_at, lane, next_check_at, leased_until FROM schedule
    WHERE suspected_at IS NULL AND deadline_at IS NOT NULL
      AND deadline_at >= $1 AND deadline_at <= now() + $2::integer * interval '1 millisecond'
    ORDER BY deadline_at LIMIT ${mostAtOnce}
  ), starved AS MATERIALIZED (
    SELECT s.profile_id FROM (
      SELECT profile_id FROM passed WHERE lane = 'checks.fresh' AND next_check_at <= now() AND ${free} ORDER BY profile_id
    ) due
    CROSS JOIN LATERAL (
      SELECT profile_id FROM schedule s
      WHERE s.profile_id = due.profile_id AND lane = 'checks.fresh' AND next_check_at <= now() AND ${free}
      OFFSET 0 FOR UPDATE SKIP LOCKED
    ) s
  ), promoted AS (
    UPDATE schedule s SET lane = 'checks.deadline', reason = 'deadline', next_check_at = now(), leased_until = NULL
    FROM starved WHERE s.profile_id = starved.profile_id
    RETURNING s.profile_id
  )
  SELECT (SELECT count(*)::integer FROM promoted) AS promoted, count(*) < ${mostAtOnce} AS ended,
         (extract(epoch FROM CASE WHEN count(*) < ${mostAtOnce} THEN now() ELSE max(deadline_at) END) * 1000)::float8 AS reached
  FROM passed`;

/**
 * A look that was planned for freshness, and for which the budget never found room, is due for its deadline once that has come: from then on
 * it goes first, as all deadlines do. Walks by deadline from `from` on to `leadMs` from now, a bounded number of rows at a time;
 * those that somebody holds are left to whoever holds them.
 */
export async function promoteStarved(
  pool: Pool,
  { from, leadMs }: { readonly from: number; readonly leadMs: number },
): Promise<Walk> {
  const { rows } = await pool.query<Walk>({
    name: 'promote-starved',
    text: promoteStatement,
    values: [Number.isFinite(from) ? new Date(from).toISOString() : '-infinity', leadMs],
  });
  return rows[0] ?? { promoted: 0, ended: true, reached: from };
}
