import { graceSql, thresholdSql } from './status-sql.ts';

/*
 * A chunk of a group, planned by the policy that its row holds now. The consumer reckons the same after each look
 * (policy/src/next-check.ts); here it is reckoned without one:
 *
 *     deadline = (alert open ? checked_at : last_activity_at) + threshold + grace       while the account shows its posts
 *     look     = deadline − confirm_delay     of an account that shows none: as late after the last look, when it may have come back
 *
 * A chunk is of whole blocks of ids (`id_block`, migrations/0009), which is how the index of the group orders them: it is compared as a
 * pair because only that index can do so; by the id alone, a chunk of a small group would read all profiles between. The rows are
 * found by key and locked in the order of their keys: nested loops keep it, as in record-statement.ts.
 */

/**
 * For the transaction of a chunk. By key, whatever the statistics say: joined by a hash it would read all of a table of millions. And not
 * waiting for the disk: should the server die, the chunk is lost together with the note that it was done.
 */
export const chunkSettings = `
  SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off;
  SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL synchronous_commit = off`;

const silence = `make_interval(secs => ${thresholdSql} + ${graceSql})`;

/** $1 group, $2 after which block, $3 rows, $4 confirm_delay in ms. `wait` is null where no look is to be planned. */
const members = `
chunk AS MATERIALIZED (
  SELECT p.*, id_block(p.profile_id) AS block FROM profiles p
   WHERE (p.group_id, id_block(p.profile_id)) > ($1::integer, $2::integer)
     AND (p.group_id, id_block(p.profile_id)) <= ($1::integer, 2147483647)
   ORDER BY p.group_id, id_block(p.profile_id) FETCH FIRST ($3) ROWS WITH TIES
), members AS MATERIALIZED (
  SELECT p.profile_id, ${silence} AS silence,
         CASE WHEN p.paused_at IS NULL THEN ${silence} - $4::float8 * interval '1 millisecond' END AS wait,
         (SELECT true FROM alerts a WHERE a.profile_id = p.profile_id AND a.kind = 'inactivity' AND a.status <> 'resolved'
           LIMIT 1) AS alert_open
    FROM chunk p JOIN groups g USING (group_id)
   WHERE p.threshold_s IS NULL OR p.grace_s IS NULL
   ORDER BY p.profile_id
)`;

const answer = `
SELECT (SELECT count(*)::integer FROM chunk) AS rows, (SELECT max(block) FROM chunk) AS last,
       (SELECT count(*)::integer FROM planned) AS changed`;

const now = 'statement_timestamp()';
const from = `CASE WHEN s.account_state = 'ok' AND m.alert_open IS NULL THEN s.last_activity_at ELSE s.checked_at END`;
const deadline = `CASE WHEN s.account_state = 'ok' THEN ${from} + m.silence END`;
const look = `(${from} + m.wait)`;
/** A look that came well before the new deadline is not the first of the two that an alert needs. */
const suspected = `CASE WHEN s.checked_at >= s.last_activity_at + m.silence - $4::float8 * interval '1 millisecond' THEN s.suspected_at END`;
/** Leased; or due, and then a lease may have been taken from it while its consumer was looking ("check now" does so). */
const mayBeInHand = `(s.leased_until IS NOT NULL OR s.next_check_at <= ${now})`;
/** What somebody asked for is as urgent as a deadline, and stays what it is. */
const hangsOnDeadline = `s.lane <> 'checks.manual' AND (${look} < s.next_check_at OR ${look} <= ${now})`;
/** Freshness that is overdue waits for budget; a deadline must not wait behind it. */
const leavesFreshness = `s.lane = 'checks.fresh' AND s.next_check_at <= ${now} AND ${look} <= ${now}`;

/**
 * Those whose look must come sooner, to now at the earliest (see next_check_at in migrations/0008). And those that may be in hand:
 * their consumer may have loaded the old policy, and what it reckons from that must not land on top of this. So the claim is made
 * void, and who was leased is due at once, which costs one look.
 */
export const replanNow = {
  name: 'replan-now',
  text: `
WITH ${members}, planned AS (
  UPDATE schedule s SET
    deadline_at = ${deadline},
    suspected_at = ${suspected},
    next_check_at = CASE WHEN s.leased_until IS NOT NULL OR ${leavesFreshness} THEN ${now}
                         ELSE least(s.next_check_at, greatest(${look}, ${now})) END,
    leased_until = NULL,
    claim_version = CASE WHEN ${mayBeInHand} THEN s.claim_version + 1 ELSE s.claim_version END,
    lane = CASE WHEN ${hangsOnDeadline} THEN 'checks.deadline' ELSE s.lane END,
    reason = CASE WHEN ${hangsOnDeadline} THEN 'deadline' ELSE s.reason END
  FROM members m
  WHERE s.profile_id = m.profile_id AND (${mayBeInHand} OR ${look} < s.next_check_at)
  RETURNING 1
) ${answer}`,
};

/** The deadlines of all others. Whoever claims one of these from now on loads the new policy, so nothing is made void. */
export const replanRest = {
  name: 'replan-rest',
  text: `
WITH ${members}, planned AS (
  UPDATE schedule s SET deadline_at = ${deadline}, suspected_at = ${suspected} FROM members m
  WHERE s.profile_id = m.profile_id AND s.deadline_at IS DISTINCT FROM ${deadline}
  RETURNING 1
) ${answer}`,
};
