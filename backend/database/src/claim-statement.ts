import { leaves, scheduleOf } from './leaves.ts';

/*
 * A claim is one statement: `taken` chooses rows of any partition and locks them (leaf, tid), and each partition leases
 * its own by their places. Found again by key, 1,000 rows cost a look into sixteen indexes each, or a scan of everything:
 * 148 µs a row at a million; by their places 12.
 * Whatever another has changed between the choice and the lock is not claimed, and is chosen by the next claim.
 */

/** Nobody is looking. */
export const free = '(leased_until IS NULL OR leased_until <= now())';

/** Chooses the due rows of a lane that nobody holds, earliest first, from the low-water mark on. */
export function dueOf(lane: string, most: string, floor: string): string {
  return `
    SELECT tableoid AS leaf, ctid AS tid, profile_id, next_check_at FROM schedule
    WHERE lane = ${lane} AND next_check_at <= now() AND next_check_at >= ${floor} AND ${free}
    ORDER BY next_check_at LIMIT ${most} FOR UPDATE SKIP LOCKED`;
}

/**
 * The statement for CTEs that end in one called `taken` (leaf, tid, next_check_at). `forMs`: how long the lease holds.
 * Answers a row for each that was taken, after one without a profile that tells of all: when they were claimed, until when that holds, and
 * when the first and the last of them was due.
 */
export function lease(ctes: string, forMs: string): string {
  const until = `now() + ${forMs}::integer * interval '1 millisecond'`;
  const updates = leaves.map(
    leaf => `
  leaf_${leaf} AS (
    UPDATE ${scheduleOf(leaf)} SET leased_until = ${until}, claim_version = claim_version + 1
    WHERE ctid = ANY ((SELECT tids FROM places WHERE leaf = '${scheduleOf(leaf)}'::regclass)::tid[])
    RETURNING profile_id, claim_version)`,
  );
  const rows = leaves.map(
    leaf => `SELECT profile_id, claim_version, ${leaf}, NULL, NULL, NULL, NULL FROM leaf_${leaf}`,
  );
  return `
WITH ${ctes}, places AS MATERIALIZED (SELECT leaf, array_agg(tid) AS tids FROM taken GROUP BY leaf), ${updates.join(', ')}
SELECT NULL::bigint AS profile_id, NULL::integer AS claim_version, NULL::integer AS leaf, now() AS claimed_at, ${until} AS lease_until,
       (SELECT min(next_check_at) FROM taken) AS first_due, (SELECT max(next_check_at) FROM taken) AS last_due
UNION ALL ${rows.join('\nUNION ALL ')}`;
}
