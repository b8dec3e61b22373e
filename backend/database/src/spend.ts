import { lockedBudget } from './budget-statement.ts';
import type { Queryable } from './pool.ts';

/** One call to X, as it turned out. Amounts are millionths of a dollar. */
export interface Spent {
  /** Each asked profile, and whether the answer held it. */
  readonly asked: readonly { readonly profileId: string; readonly returned: boolean }[];
  /** Users in the answer, asked or not: what X bills. */
  readonly returned: number;
  /** What was reserved for the call, and on which UTC day. */
  readonly reserved: number;
  readonly day: string;
}

/** What X's headers say is left, and for how long. */
export interface Headroom {
  readonly limit: number;
  readonly remaining: number;
  readonly resetInMs: number;
}

/**
 * Replaces what was reserved by what was spent, and keeps X's own count. To be done before the looks are recorded: whether X bills
 * a user again is told by the day of the look before.
 */
export async function settle(
  db: Queryable,
  calls: readonly Spent[],
  headroom: Headroom | null,
): Promise<void> {
  const asked = calls.flatMap((call, i) => call.asked.map(one => ({ ...one, call: i + 1 })));
  await db.query({
    name: 'settle',
    text: settleStatement,
    values: [
      asked.map(one => one.call),
      asked.map(one => one.profileId),
      asked.map(one => one.returned),
      calls.map(call => call.returned),
      calls.map(call => Math.round(call.reserved)),
      calls.map(call => call.day),
      headroom?.limit ?? null,
      headroom?.remaining ?? null,
      headroom?.resetInMs ?? null,
    ],
  });
}

/** Users by group; X's users that nobody asked for, and profiles that are gone meanwhile, are of no group (0). */
const parts = `
  asked AS (
    SELECT a.call, a.returned, coalesce(p.group_id, 0) AS group_id,
      a.returned AND (b.count_repeats OR s.checked_at IS NULL OR (s.checked_at AT TIME ZONE 'UTC')::date < b.today) AS billed
    FROM unnest($1::integer[], $2::bigint[], $3::boolean[]) AS a (call, profile_id, returned)
    CROSS JOIN b
    LEFT JOIN profiles p ON p.profile_id = a.profile_id LEFT JOIN schedule s ON s.profile_id = a.profile_id
  ), calls AS (
    SELECT * FROM unnest($4::integer[], $5::bigint[], $6::date[]) WITH ORDINALITY AS c (returned, reserved, day, call)
  ), shares AS (
    SELECT group_id, count(*) / sum(count(*)) OVER (PARTITION BY call) AS part,
      count(*) FILTER (WHERE returned) AS users, count(*) FILTER (WHERE billed) AS billed
    FROM asked GROUP BY call, group_id
    UNION ALL
    SELECT 0, 0, c.returned - known.users, c.returned - known.users
    FROM calls c, LATERAL (SELECT count(*) AS users FROM asked a WHERE a.call = c.call AND a.returned) AS known
    WHERE c.returned > known.users
  ), parts AS (
    SELECT group_id, sum(part)::float8 AS calls, sum(users)::bigint AS users,
      round(sum(CASE b.pricing WHEN 'per_user' THEN billed ELSE part END) * b.price)::bigint AS usd
    FROM shares CROSS JOIN b GROUP BY group_id, b.price, b.pricing
  )`;

/**
 * X's headers: spread what remains over the time until the reset, keeping a hundredth of the limit for calls still in hand.
 * Within one window (resets less than 3 s apart: both times are whole seconds) less remaining is the newer news, however answers
 * overtake each other; another limit is another window, whatever its reset. Look-ups by id and by handle have windows of their own: the tighter one that is open counts for all.
 * An empty window is a 429 that need not be asked for: calls are blocked until it ends.
 */
const headroom = `
  told AS (
    SELECT b.now + $9::float8 * interval '1 millisecond' AS reset_at,
      coalesce(b.now < b.x_reset_at, false) AS open,
      coalesce(b.now < b.x_reset_at AND b.x_limit = $7::integer AND abs($9::float8 - extract(epoch FROM b.x_reset_at - b.now) * 1000) < 3000, false) AS same,
      CASE WHEN b.now < b.x_reset_at THEN b.x_interval END AS old_step, b.x_remaining
    FROM b
  ), room AS (
    SELECT told.*, CASE WHEN same THEN least(x_remaining, $8::integer) ELSE $8::integer END AS remaining FROM told
  ), corrected AS (
    SELECT room.*, (room.remaining - $7::integer / 100) <= 0 AS empty,
      $9::float8 / nullif(greatest(room.remaining - $7::integer / 100, 0), 0) * interval '1 millisecond' AS step FROM room
  ), news AS (
    SELECT c.*, $7::integer IS NOT NULL AND (NOT open OR same OR empty OR step > old_step) AS counts,
      coalesce($7::integer IS NOT NULL AND empty AND coalesce(b.blocked_reason, 'rate_limited') = 'rate_limited', false) AS shut
    FROM corrected c CROSS JOIN b
  )`;

const settleStatement = `
  WITH ${lockedBudget}, ${parts}, ${headroom}, booked AS (
    INSERT INTO spend (day, group_id, calls, users, usd)
    SELECT b.today, p.group_id, p.calls, p.users, p.usd FROM parts p CROSS JOIN b ORDER BY p.group_id
    ON CONFLICT (day, group_id) DO UPDATE
      SET calls = spend.calls + excluded.calls, users = spend.users + excluded.users, usd = spend.usd + excluded.usd
  ), sums AS (
    SELECT coalesce((SELECT sum(usd) FROM parts), 0)::bigint
      - coalesce((SELECT sum(reserved) FROM calls c WHERE c.day = b.today AND b.day = b.today), 0)::bigint AS change FROM b
  )
  UPDATE budget SET
    day = b.today,
    day_used = greatest(0, b.used_today + sums.change),
    month_used = greatest(0, b.used_month + sums.change),
    x_limit = CASE WHEN news.counts THEN $7::integer ELSE budget.x_limit END,
    x_remaining = CASE WHEN news.counts THEN news.remaining ELSE budget.x_remaining END,
    x_reset_at = CASE WHEN news.counts THEN news.reset_at ELSE budget.x_reset_at END,
    x_interval = CASE WHEN news.counts THEN news.step ELSE budget.x_interval END,
    blocked_reason = CASE WHEN news.shut THEN 'rate_limited' ELSE budget.blocked_reason END,
    blocked_since = CASE WHEN news.shut THEN coalesce(budget.blocked_since, b.now) ELSE budget.blocked_since END,
    blocked_until = CASE WHEN news.shut THEN greatest(budget.blocked_until, news.reset_at) ELSE budget.blocked_until END
  FROM b, sums, news`;
