import { type Leaf, perLeaf, type Statement } from './leaves.ts';

/*
 * What a batch of looks decided, in one round trip. Found by key in the order of the ids (record.ts sorts them, and nested loops keep
 * the order), so that batches that overlap wait for each other instead of deadlocking. A claim that no longer holds drops out of
 * `written`, and with it everything else of that profile.
 */

const judged = `
judged AS (
  SELECT * FROM unnest(
    $1::bigint[], $2::integer[], $3::timestamptz[], $4::lane[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
    $8::bigint[], $9::timestamptz[], $10::account_state[], $11::timestamptz[], $12::integer[], $13::integer[],
    $14::integer[], $15::integer[], $16::real[], $17::integer[], $18::check_reason[]
  ) AS j (
    profile_id, claim_version, next_check_at, lane, deadline_at, checked_at, last_activity_at,
    last_post_id, suspected_at, account_state, state_since, post_count, like_count,
    following_count, profile_hash, posts_per_day, failures, reason
  )
)`;

/** Read once and compared in a loop: as a join, the planner (which expects ten rows) goes through all pairs. */
const writtenIds = 'ARRAY(SELECT profile_id FROM written)';

const observedColumns = `
    leased_until = NULL, checked_at = j.checked_at, last_activity_at = greatest(s.last_activity_at, j.last_activity_at),
    last_post_id = j.last_post_id, suspected_at = j.suspected_at, account_state = j.account_state,
    state_since = j.state_since, post_count = j.post_count, like_count = j.like_count,
    following_count = j.following_count, profile_hash = j.profile_hash, posts_per_day = j.posts_per_day,
    failures = j.failures`;

const seen = `
seen AS (
  INSERT INTO activities (profile_id, occurred_at, kind, window_from, post_id)
  SELECT a.* FROM unnest($19::bigint[], $20::timestamptz[], $21::activity_kind[], $22::timestamptz[], $23::bigint[])
    AS a (profile_id, occurred_at, kind, window_from, post_id)
  WHERE a.profile_id = ANY (${writtenIds})
  ON CONFLICT DO NOTHING
  RETURNING 1
)`;

/** State and activities: nine batches in ten hold nothing else. */
export const recordLooks: (leaf: Leaf) => Statement = perLeaf(
  'record-looks',
  table => `
WITH ${judged}, written AS (
  UPDATE ${table} s SET
    next_check_at = j.next_check_at, lane = coalesce(j.lane, s.lane), reason = j.reason, deadline_at = j.deadline_at,
    ${observedColumns}
  FROM judged j WHERE s.profile_id = j.profile_id AND s.claim_version = j.claim_version
  RETURNING s.profile_id
), ${seen}
SELECT ${writtenIds}::text[] AS written, '{}'::text[] AS withheld,
       (SELECT count(*)::integer FROM seen) AS activities, 0 AS opened, 0 AS resolved`,
);

/** The same with alerts and names. */
export const recordAll: (leaf: Leaf) => Statement = perLeaf(
  'record-all',
  table => `
WITH ${judged}, wanted AS (
  SELECT o.* FROM unnest($24::bigint[], $25::alert_kind[], $26::boolean[], $27::timestamptz[], $28::timestamptz[],
                         $29::timestamptz[], $30::timestamptz[], $31::integer[], $32::integer[], $33::text[], $34::text[])
    AS o (profile_id, kind, baseline, became_true_at, silent_since, suspected_at, confirmed_at,
          threshold_s, grace_s, former_handle, new_handle)
), withheld AS (
  -- The source lost its trust between the load and this statement: the look is no evidence, and is taken again at once.
  SELECT w.profile_id, max(w.became_true_at) FILTER (WHERE w.kind = 'inactivity') AS deadline_at
  FROM wanted w CROSS JOIN source_state x
  WHERE x.health <> 'normal' OR w.confirmed_at < x.since
  GROUP BY w.profile_id
), written AS (
  UPDATE ${table} s SET
    next_check_at = CASE WHEN w.profile_id IS NULL THEN j.next_check_at ELSE clock_timestamp() END,
    lane = CASE WHEN w.profile_id IS NULL THEN coalesce(j.lane, s.lane) ELSE 'checks.deadline' END,
    reason = CASE WHEN w.profile_id IS NULL THEN j.reason ELSE 'deadline' END,
    deadline_at = coalesce(w.deadline_at, j.deadline_at),
    ${observedColumns}
  FROM judged j LEFT JOIN withheld w USING (profile_id)
  WHERE s.profile_id = j.profile_id AND s.claim_version = j.claim_version
  RETURNING s.profile_id
), ${seen}, opened AS (
  INSERT INTO alerts (profile_id, kind, baseline, became_true_at, silent_since, suspected_at, confirmed_at,
                      threshold_s, grace_s, former_handle, new_handle)
  SELECT * FROM wanted
  WHERE profile_id = ANY (${writtenIds}) AND profile_id <> ALL (ARRAY(SELECT profile_id FROM withheld))
  -- A second rename while the first is still unresolved: one alert, with the newest handle.
  ON CONFLICT (profile_id, kind) WHERE status <> 'resolved'
    DO UPDATE SET new_handle = excluded.new_handle WHERE alerts.kind = 'renamed'
  RETURNING alert_id, profile_id, (xmax = 0) AS is_new
), resolved AS (
  UPDATE alerts a SET status = 'resolved', resolved_at = clock_timestamp()
  FROM unnest($35::bigint[], $36::alert_kind[], $37::timestamptz[]) AS r (profile_id, kind, activity_at)
  WHERE a.profile_id = r.profile_id AND a.kind = r.kind AND a.status <> 'resolved'
    AND r.profile_id = ANY (${writtenIds})
  RETURNING a.alert_id, a.profile_id, r.activity_at
), events AS (
  INSERT INTO alert_events (alert_id, profile_id, event, activity_at)
  SELECT alert_id, profile_id, 'opened', NULL FROM opened WHERE is_new
  UNION ALL
  SELECT alert_id, profile_id, 'resolved', activity_at FROM resolved
), identified AS (
  SELECT i.* FROM unnest($38::bigint[], $39::text[], $40::text[]) AS i (profile_id, handle, name)
  -- A new handle that nobody was told of must still be new at the next look.
  WHERE i.profile_id = ANY (${writtenIds}) AND i.profile_id <> ALL (ARRAY(SELECT profile_id FROM withheld))
), former AS (
  INSERT INTO former_handles (profile_id, handle, until)
  SELECT p.profile_id, p.handle, now() FROM profiles p JOIN identified i USING (profile_id)
  WHERE lower(p.handle) <> lower(i.handle)
  ON CONFLICT DO NOTHING
), named AS (
  UPDATE profiles p SET handle = i.handle, name = coalesce(i.name, p.name)
  FROM identified i WHERE p.profile_id = i.profile_id
)
SELECT ${writtenIds}::text[] AS written,
       ARRAY(SELECT profile_id FROM withheld WHERE profile_id = ANY (${writtenIds}))::text[] AS withheld,
       (SELECT count(*)::integer FROM seen) AS activities,
       (SELECT count(*)::integer FROM opened WHERE is_new) AS opened,
       (SELECT count(*)::integer FROM resolved) AS resolved`,
);
