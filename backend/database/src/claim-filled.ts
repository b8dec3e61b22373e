import type { Claim } from './claim.ts';
import type { Pool } from './pool.ts';

/** X takes 100 profiles in a call. */
const places = 100;

/**
 * Takes what is due in the deadline lane, as `claimDue` does, and fills the last batch with the profiles whose freshness is worth
 * most: the earliest of the fresh lane, due or not. For prices by the call only: there a place that stays empty is thrown away.
 *
 * A claimed row's due time is the end of its lease, so between now and one lease from now there may be rows that others are
 * working on; taking those would waste the other look. Before and after stand only rows that nobody holds. Profiles without
 * an id cannot share a call with the others.
 */
export async function claimFilled(pool: Pool, most: number, leaseMs: number): Promise<Claim> {
  const { rows } = await pool.query<FilledRow>({
    name: 'claim-filled',
    text: `
      WITH due AS MATERIALIZED (
        SELECT profile_id FROM schedule WHERE lane = 'checks.deadline' AND next_check_at <= now()
        ORDER BY next_check_at LIMIT $1 FOR UPDATE SKIP LOCKED
      ), room AS MATERIALIZED (
        SELECT (${places} - count(*) FILTER (WHERE profile_id > 0) % ${places}) % ${places} AS places FROM due
      ), overdue AS MATERIALIZED (
        SELECT profile_id FROM schedule WHERE lane = 'checks.fresh' AND next_check_at <= now() AND profile_id > 0
        ORDER BY next_check_at LIMIT (SELECT places FROM room) FOR UPDATE SKIP LOCKED
      ), early AS MATERIALIZED (
        SELECT profile_id FROM schedule
        WHERE lane = 'checks.fresh' AND next_check_at > now() + $2 * interval '1 millisecond'
          AND next_check_at < 'infinity' AND profile_id > 0
        ORDER BY next_check_at LIMIT (SELECT places FROM room) - (SELECT count(*) FROM overdue) FOR UPDATE SKIP LOCKED
      ), taken AS (SELECT * FROM due UNION ALL SELECT * FROM overdue UNION ALL SELECT * FROM early)
      UPDATE schedule s
      SET next_check_at = now() + $2 * interval '1 millisecond', claim_version = claim_version + 1
      FROM taken WHERE s.profile_id = taken.profile_id
      RETURNING s.profile_id, s.claim_version, s.next_check_at AS lease_until,
        CASE WHEN s.profile_id < 0 THEN (SELECT handle FROM profiles p WHERE p.profile_id = s.profile_id) END AS handle`,
    values: [most, leaseMs],
  });
  const claimed = rows.map(row => ({
    profileId: row.profile_id,
    claimVersion: row.claim_version,
    handle: row.handle,
  }));
  return { claimed, leaseUntil: rows[0]?.lease_until ?? 0 };
}

interface FilledRow {
  profile_id: string;
  claim_version: number;
  lease_until: number;
  handle: string | null;
}
