import type { Pool, Queryable } from './pool.ts';

export type Lane = 'checks.deadline' | 'checks.fresh' | 'checks.manual';

/** A row taken by postponing it: whoever holds the newest version may write its result. */
export interface Claimed {
  readonly profileId: string;
  readonly claimVersion: number;
  /** Only while X's numeric id is not known yet. */
  readonly handle: string | null;
}

export interface Claim {
  readonly claimed: readonly Claimed[];
  /** By the database's clock: from then on the rows are due again. */
  readonly leaseUntil: number;
}

/**
 * Takes what is due in a lane, earliest first, by moving its due time to the end of the lease. Rows that another
 * producer is taking are passed over. Committed when this returns, so a message may follow.
 */
export async function claimDue(pool: Pool, lane: Lane, most: number, leaseMs: number): Promise<Claim> {
  const { rows } = await pool.query<ClaimedRow>({
    name: 'claim-due',
    text: `
      WITH due AS MATERIALIZED (
        SELECT profile_id FROM schedule
        WHERE lane = $1 AND next_check_at <= now()
        ORDER BY next_check_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED
      )
      UPDATE schedule s
      SET next_check_at = now() + $3 * interval '1 millisecond', claim_version = claim_version + 1
      FROM due WHERE s.profile_id = due.profile_id
      RETURNING s.profile_id, s.claim_version, s.next_check_at AS lease_until,
        CASE WHEN s.profile_id < 0 THEN (SELECT handle FROM profiles p WHERE p.profile_id = s.profile_id) END AS handle`,
    values: [lane, most, leaseMs],
  });
  const claimed = rows.map(row => ({
    profileId: row.profile_id,
    claimVersion: row.claim_version,
    handle: row.handle,
  }));
  return { claimed, leaseUntil: rows[0]?.lease_until ?? 0 };
}

interface ClaimedRow {
  profile_id: string;
  claim_version: number;
  lease_until: number;
  handle: string | null;
}

/** Gives claimed rows back at once, because their message could not be published. Rows claimed anew meanwhile are left alone. */
export async function releaseClaims(db: Queryable, claimed: readonly Claimed[]): Promise<number> {
  const { rowCount } = await db.query({
    name: 'release-claims',
    text: `
      WITH held AS (
        SELECT s.profile_id FROM schedule s
        JOIN unnest($1::bigint[], $2::integer[]) AS c (profile_id, claim_version) USING (profile_id, claim_version)
        ORDER BY s.profile_id FOR UPDATE OF s
      )
      UPDATE schedule s SET next_check_at = now() FROM held WHERE s.profile_id = held.profile_id`,
    values: [claimed.map(row => row.profileId), claimed.map(row => row.claimVersion)],
  });
  return rowCount ?? 0;
}

/** How many rows are overdue per lane (counted up to `most`), and how long the earliest has waited, in milliseconds. */
export async function overdue(
  db: Queryable,
  lane: Lane,
  most = 10_000,
): Promise<{ rows: number; oldestMs: number }> {
  const { rows } = await db.query<{ rows: number; oldest_ms: number | null }>({
    name: 'overdue',
    text: `
      SELECT count(*)::integer AS rows,
             (extract(epoch FROM now() - min(next_check_at)) * 1000)::float8 AS oldest_ms
      FROM (SELECT next_check_at FROM schedule WHERE lane = $1 AND next_check_at <= now()
            ORDER BY next_check_at LIMIT $2) AS due`,
    values: [lane, most],
  });
  return { rows: rows[0]?.rows ?? 0, oldestMs: rows[0]?.oldest_ms ?? 0 };
}

/** How many checks were ever claimed for the profiles that are watched now. */
export async function countClaims(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ claims: string }>(
    'SELECT coalesce(sum(claim_version), 0) AS claims FROM schedule',
  );
  return Number(rows[0]?.claims ?? 0);
}
