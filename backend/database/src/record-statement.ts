/**
 * One round trip for a batch. The rows are locked in the order of their ids before anything is written: two batches
 * that overlap then wait for each other instead of deadlocking (unordered, 40P01 comes within seconds).
 * A claim that no longer holds drops out in `held`, and with it everything else of that profile.
 */
export const recordStatement = `
WITH judged AS (
  SELECT * FROM unnest(
    $1::bigint[], $2::integer[], $3::timestamptz[], $4::lane[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
    $8::bigint[], $9::timestamptz[], $10::account_state[], $11::timestamptz[], $12::integer[], $13::integer[],
    $14::integer[], $15::text[], $16::real[], $17::smallint[], $40::check_reason[]
  ) AS j (
    profile_id, claim_version, next_check_at, lane, deadline_at, checked_at, last_activity_at,
    last_post_id, suspected_at, account_state, state_since, post_count, like_count,
    following_count, profile_hash, posts_per_day, failures, reason
  )
), held AS MATERIALIZED (
  SELECT s.profile_id FROM schedule s JOIN judged USING (profile_id, claim_version)
  ORDER BY s.profile_id FOR UPDATE OF s
), wanted AS (
  SELECT o.* FROM unnest($23::bigint[], $24::alert_kind[], $25::boolean[], $26::timestamptz[], $27::timestamptz[],
                         $28::timestamptz[], $29::timestamptz[], $30::integer[], $31::integer[], $32::text[], $33::text[])
    AS o (profile_id, kind, baseline, became_true_at, silent_since, suspected_at, confirmed_at,
          threshold_s, grace_s, former_handle, new_handle)
  JOIN held USING (profile_id)
), withheld AS (
  -- The source lost its trust between the load and this statement: the look is no evidence, and is taken again at once.
  SELECT w.profile_id, max(w.became_true_at) FILTER (WHERE w.kind = 'inactivity') AS deadline_at
  FROM wanted w CROSS JOIN source_state x
  WHERE x.health <> 'normal' OR w.confirmed_at < x.since
  GROUP BY w.profile_id
), written AS (
  UPDATE schedule s SET
    next_check_at = CASE WHEN w.profile_id IS NULL THEN j.next_check_at ELSE clock_timestamp() END,
    lane = CASE WHEN w.profile_id IS NULL THEN coalesce(j.lane, s.lane) ELSE 'checks.deadline' END,
    reason = CASE WHEN w.profile_id IS NULL THEN j.reason ELSE 'deadline' END,
    deadline_at = coalesce(w.deadline_at, j.deadline_at),
    checked_at = j.checked_at, last_activity_at = greatest(s.last_activity_at, j.last_activity_at),
    last_post_id = j.last_post_id, suspected_at = j.suspected_at, account_state = j.account_state,
    state_since = j.state_since, post_count = j.post_count, like_count = j.like_count,
    following_count = j.following_count, profile_hash = j.profile_hash, posts_per_day = j.posts_per_day,
    failures = j.failures
  FROM judged j JOIN held USING (profile_id) LEFT JOIN withheld w USING (profile_id)
  WHERE s.profile_id = j.profile_id
  RETURNING s.profile_id
), seen AS (
  INSERT INTO activities (profile_id, occurred_at, kind, window_from, post_id)
  SELECT a.* FROM unnest($18::bigint[], $19::timestamptz[], $20::activity_kind[], $21::timestamptz[], $22::bigint[])
    AS a (profile_id, occurred_at, kind, window_from, post_id)
  JOIN held USING (profile_id)
  ON CONFLICT DO NOTHING
  RETURNING 1
), opened AS (
  INSERT INTO alerts (profile_id, kind, baseline, became_true_at, silent_since, suspected_at, confirmed_at,
                      threshold_s, grace_s, former_handle, new_handle)
  SELECT * FROM wanted WHERE profile_id NOT IN (SELECT profile_id FROM withheld)
  -- A second rename while the first is still unresolved: one alert, with the newest handle.
  ON CONFLICT (profile_id, kind) WHERE status <> 'resolved'
    DO UPDATE SET new_handle = excluded.new_handle WHERE alerts.kind = 'renamed'
  RETURNING alert_id, profile_id, (xmax = 0) AS is_new
), resolved AS (
  UPDATE alerts a SET status = 'resolved', resolved_at = clock_timestamp()
  FROM unnest($34::bigint[], $35::alert_kind[], $36::timestamptz[]) AS r (profile_id, kind, activity_at)
  JOIN held USING (profile_id)
  WHERE a.profile_id = r.profile_id AND a.kind = r.kind AND a.status <> 'resolved'
  RETURNING a.alert_id, a.profile_id, r.activity_at
), events AS (
  INSERT INTO alert_events (alert_id, profile_id, event, activity_at)
  SELECT alert_id, profile_id, 'opened', NULL FROM opened WHERE is_new
  UNION ALL
  SELECT alert_id, profile_id, 'resolved', activity_at FROM resolved
), identified AS (
  SELECT i.* FROM unnest($37::bigint[], $38::text[], $39::text[]) AS i (profile_id, handle, name)
  JOIN held USING (profile_id)
  -- A new handle that nobody was told of must still be new at the next look.
  WHERE i.profile_id NOT IN (SELECT profile_id FROM withheld)
), former AS (
  INSERT INTO former_handles (profile_id, handle, until)
  SELECT p.profile_id, p.handle, now() FROM profiles p JOIN identified i USING (profile_id)
  WHERE lower(p.handle) <> lower(i.handle)
  ON CONFLICT DO NOTHING
), named AS (
  UPDATE profiles p SET handle = i.handle, name = coalesce(i.name, p.name)
  FROM identified i WHERE p.profile_id = i.profile_id
)
SELECT ARRAY(SELECT profile_id::text FROM written) AS written,
       ARRAY(SELECT profile_id::text FROM withheld) AS withheld,
       (SELECT count(*)::integer FROM seen) AS activities,
       (SELECT count(*)::integer FROM opened WHERE is_new) AS opened,
       (SELECT count(*)::integer FROM resolved) AS resolved`;
