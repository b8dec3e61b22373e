import { type Claim, type ClaimRow, claimOf, floorSql } from './claim.ts';
import { dueOf, free, lease } from './claim-statement.ts';
import type { Pool } from './pool.ts';

/** X takes 100 profiles in a call. */
const places = 100;

const claimFilledStatement = lease(
  `due AS MATERIALIZED (${dueOf(`'checks.deadline'`, '$1', '$3')}
  ), room AS MATERIALIZED (
    SELECT (${places} - count(*) FILTER (WHERE profile_id > 0) % ${places}) % ${places} AS places FROM due
  ), filling AS MATERIALIZED (
    SELECT tableoid AS leaf, ctid AS tid FROM schedule
    WHERE lane = 'checks.fresh' AND next_check_at < 'infinity' AND ${free} AND profile_id > 0
    ORDER BY next_check_at LIMIT (SELECT places FROM room) FOR UPDATE SKIP LOCKED
  ), taken AS MATERIALIZED (
    SELECT leaf, tid, next_check_at FROM due
    UNION ALL SELECT leaf, tid, NULL FROM filling
  )`,
  '$2',
);

/**
 * Takes what is due in the deadline lane, as `claimDue` does, and fills the last batch with the profiles whose freshness is worth
 * most: the earliest of the fresh lane, due or not. For prices by the call only: there a place that stays empty is thrown away.
 * Profiles without an id cannot share a call with the others.
 */
export async function claimFilled(
  pool: Pool,
  most: number,
  leaseMs: number,
  floor = Number.NEGATIVE_INFINITY,
): Promise<Claim> {
  const { rows } = await pool.query<ClaimRow>({
    name: 'claim-filled',
    text: claimFilledStatement,
    values: [most, leaseMs, floorSql(floor)],
  });
  return claimOf(pool, rows);
}
