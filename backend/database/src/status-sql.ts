import { patience } from '@app/policy/status';

/*
 * SQL over the aliases p (profiles), g (groups) and s (schedule). What a profile does not say itself, its group says.
 * Database types are whole seconds; adding them as an interval of seconds is exact and knows no daylight saving.
 */

export const thresholdSql = 'coalesce(p.threshold_s, g.threshold_s)';
export const graceSql = 'coalesce(p.grace_s, g.grace_s)';

const silentFrom = `s.last_activity_at + make_interval(secs => ${thresholdSql})`;
const deadline = `s.last_activity_at + make_interval(secs => ${thresholdSql} + ${graceSql})`;

/**
 * The twin of policy's `statusOf`, for lists and filters: the same cases in the same order, with the database's clock.
 * A test holds the two together over random rows.
 */
export const statusSql = `CASE
  WHEN p.paused_at IS NOT NULL THEN 'paused'
  WHEN s.account_state = 'unseen' THEN 'pending'
  WHEN s.account_state <> 'ok' THEN s.account_state::text
  WHEN s.last_activity_at IS NULL OR s.checked_at IS NULL THEN 'unknown'
  WHEN s.checked_at >= ${deadline} AND s.suspected_at IS NOT NULL THEN 'inactive'
  WHEN now() < ${silentFrom} THEN 'active'
  WHEN now() < ${deadline} + make_interval(secs => ${patience / 1000}) THEN 'late'
  ELSE 'unknown'
END`;
