/**
 * The budget row as it stands now, with the day's sums turned over if a UTC day has ended since. The first part of every
 * statement about the budget, so that all of them agree on the day.
 */
const budgetNow = (lock: 'FOR UPDATE' | '') => `
  held AS MATERIALIZED (
    SELECT b.*, clock_timestamp() AS now, (clock_timestamp() AT TIME ZONE 'UTC')::date AS today FROM budget b ${lock}
  ), b AS MATERIALIZED (
    SELECT h.*,
      CASE WHEN h.day = h.today THEN h.day_used ELSE
        coalesce((SELECT sum(usd) FROM spend s WHERE s.day = h.today), 0)::bigint END AS used_today,
      CASE WHEN h.day = h.today THEN h.month_used ELSE
        coalesce((SELECT sum(usd) FROM spend s WHERE s.day BETWEEN date_trunc('month', h.today)::date AND h.today), 0)::bigint
        END AS used_month,
      h.window_s::float8 / h.calls * interval '1 second' AS own_interval
    FROM held h
  )`;

/** Locked, for statements that take from it or give back. */
export const lockedBudget = budgetNow('FOR UPDATE');
export const budgetAsItStands = budgetNow('');

/** Reasons that no time ends: one call tries when blocked_until has come, and only its success ends the block. */
export const lasting = `('cap_exceeded', 'out_of_credit', 'spend_cap', 'unauthorized', 'forbidden')`;

/**
 * Takes $1 permits and reserves their worst case ($2 users) in one statement, or says why not. $3: these are for freshness.
 * $4: how long a trying call may take (milliseconds) before another may try. Only a call asked for by itself may try.
 *
 * GCRA, the generic cell rate algorithm: one time that every permit moves on by one interval (ITU-T I.371, "virtual scheduling").
 * 2,600 statements/s on one connection (performance.md, section 4), each for up to 10 permits.
 */
export const reserveStatement = `
  WITH ${lockedBudget}, asked AS (
    SELECT b.*,
      b.price * CASE b.pricing WHEN 'per_user' THEN $2::bigint ELSE $1::bigint END AS worst,
      CASE WHEN $3::boolean THEN b.fresh_percent ELSE 100 END / 100.0 AS share,
      b.blocked_reason IN ${lasting} AND b.now >= b.blocked_until AS trying,
      greatest(b.own_interval, CASE WHEN b.now < b.x_reset_at THEN b.x_interval END) AS step
    FROM b
  ), judged AS (
    SELECT asked.*, CASE
      WHEN now < blocked_until OR (trying AND $1::integer > 1) THEN blocked_reason
      WHEN worst > 0 AND used_today + worst > daily_cap * share THEN 'daily_cap'
      WHEN worst > 0 AND used_month + worst > monthly_cap * share THEN 'monthly_cap'
    END AS refusal FROM asked
  ), granted AS (
    SELECT judged.*,
      CASE WHEN refusal IS NOT NULL THEN 0 WHEN trying THEN 1 ELSE $1::integer END AS permits,
      greatest(next_at, now) AS base,
      CASE refusal
        WHEN 'daily_cap' THEN (today + 1)::timestamp AT TIME ZONE 'UTC'
        WHEN 'monthly_cap' THEN (date_trunc('month', today) + interval '1 month') AT TIME ZONE 'UTC'
        ELSE blocked_until END AS refused_until
    FROM judged
  )
  UPDATE budget SET
    next_at = CASE WHEN g.permits > 0 THEN g.base + g.permits * g.step ELSE budget.next_at END,
    granted = budget.granted + g.permits,
    day = g.today,
    day_used = g.used_today + CASE WHEN g.permits > 0 THEN g.worst ELSE 0 END,
    month_used = g.used_month + CASE WHEN g.permits > 0 THEN g.worst ELSE 0 END,
    blocked_reason = CASE WHEN g.ends THEN NULL ELSE budget.blocked_reason END,
    blocked_since = CASE WHEN g.ends THEN NULL ELSE budget.blocked_since END,
    blocked_until = CASE WHEN g.ends THEN NULL
      WHEN g.trying AND g.permits > 0 THEN g.now + $4::float8 * interval '1 millisecond' ELSE budget.blocked_until END
  FROM (SELECT *, blocked_reason NOT IN ${lasting} AND now >= blocked_until AS ends FROM granted) AS g
  RETURNING g.permits, g.refusal, coalesce(g.trying, false) AS trying, g.today::text AS day, g.worst, g.price, g.pricing, g.freshness_k_ms,
    extract(epoch FROM g.now)::float8 * 1000 AS now,
    extract(epoch FROM g.base)::float8 * 1000 AS base,
    extract(epoch FROM g.step)::float8 * 1000 AS step,
    extract(epoch FROM g.refused_until)::float8 * 1000 AS refused_until,
    g.burst`;
