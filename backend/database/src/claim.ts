import { dueOf, free, lease } from './claim-statement.ts';
import type { Leaf } from './leaves.ts';
import type { Pool, Queryable } from './pool.ts';

export type Lane = 'checks.deadline' | 'checks.fresh' | 'checks.manual';

/** A row taken by a lease: whoever holds the newest version may write its result. */
export interface Claimed {
  readonly profileId: string;
  readonly claimVersion: number;
  /** Only while X's numeric id is not known yet. */
  readonly handle: string | null;
  /** The partition of the schedule that the row is in. */
  readonly leaf: Leaf;
}

export interface Claim {
  readonly claimed: readonly Claimed[];
  /** By the database's clock, as all times here. */
  readonly claimedAt: number;
  /** From then on others may take the rows again. */
  readonly leaseUntil: number;
  /** When the first and the last of them was due; null when there were none. */
  readonly firstDue: number | null;
  readonly lastDue: number | null;
}

/** One for each lane, because each has an index of its own. */
const claimDueOf = (lane: Lane) => ({
  name: `claim-due-${lane}`,
  text: lease(`taken AS MATERIALIZED (${dueOf(`'${lane}'`, '$1', '$3')})`, '$2'),
});
const claimDueStatements: Readonly<Record<Lane, ReturnType<typeof claimDueOf>>> = {
  'checks.deadline': claimDueOf('checks.deadline'),
  'checks.fresh': claimDueOf('checks.fresh'),
  'checks.manual': claimDueOf('checks.manual'),
};

/**
 * Takes what is due in a lane, earliest first, by a lease. Rows that another holds or is taking are passed over, and those due
 * before `floor`. Committed when this returns, so a message may follow.
 */
export async function claimDue(
  pool: Pool,
  lane: Lane,
  most: number,
  leaseMs: number,
  floor = Number.NEGATIVE_INFINITY,
): Promise<Claim> {
  const { rows } = await pool.query<ClaimRow>({
    ...claimDueStatements[lane],
    values: [most, leaseMs, floorSql(floor)],
  });
  return claimOf(pool, rows);
}

export interface ClaimRow {
  profile_id: string | null;
  claim_version: number;
  leaf: number;
  claimed_at: number;
  lease_until: number;
  first_due: number | null;
  last_due: number | null;
}

export function floorSql(floor: number): string {
  return Number.isFinite(floor) ? new Date(floor).toISOString() : '-infinity';
}

/** The rows of a claim. Handles are read for those that have no id yet: few, and soon none. */
export async function claimOf(db: Queryable, rows: readonly ClaimRow[]): Promise<Claim> {
  const [about, ...taken] = rows;
  const handles = await handlesOf(
    db,
    taken.flatMap(row => (row.profile_id?.startsWith('-') ? [row.profile_id] : [])),
  );
  const claimed = taken.map(row => {
    const profileId = row.profile_id as string;
    const handle = handles.get(profileId) ?? null;
    return { profileId, claimVersion: row.claim_version, handle, leaf: row.leaf };
  });
  return {
    claimed,
    claimedAt: about?.claimed_at ?? 0,
    leaseUntil: about?.lease_until ?? 0,
    firstDue: about?.first_due ?? null,
    lastDue: about?.last_due ?? null,
  };
}

async function handlesOf(db: Queryable, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const { rows } = await db.query<{ profile_id: string; handle: string }>(
    'SELECT profile_id, handle FROM profiles WHERE profile_id = ANY ($1::bigint[]) AND handle IS NOT NULL',
    [ids],
  );
  return new Map(rows.map(row => [row.profile_id, row.handle]));
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
      UPDATE schedule s SET next_check_at = now(), leased_until = NULL FROM held WHERE s.profile_id = held.profile_id`,
    values: [claimed.map(row => row.profileId), claimed.map(row => row.claimVersion)],
  });
  return rowCount ?? 0;
}

/** How many rows of a lane are overdue and nobody's (counted up to `most`), and how long the earliest has waited, in milliseconds. */
export async function overdue(
  db: Queryable,
  lane: Lane,
  most = 10_000,
  floor = Number.NEGATIVE_INFINITY,
): Promise<{ rows: number; oldestMs: number }> {
  const { rows } = await db.query<{ rows: number; oldest_ms: number | null }>({
    name: `overdue-${lane}`,
    text: `
      SELECT count(*)::integer AS rows,
             (extract(epoch FROM now() - min(next_check_at)) * 1000)::float8 AS oldest_ms
      FROM (SELECT next_check_at FROM schedule WHERE lane = '${lane}' AND next_check_at <= now() AND next_check_at >= $2 AND ${free}
            ORDER BY next_check_at LIMIT $1) AS due`,
    values: [most, floorSql(floor)],
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
