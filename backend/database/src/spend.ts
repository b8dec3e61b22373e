import { lockedBudget } from './budget-statement.ts';
import type { Queryable } from './pool.ts';

/** One call to X, as it turned out. Amounts are millionths of a dollar. */
export interface Spent {
  /** The profiles that were asked for, by their group. */
  readonly groups: readonly SpentOnGroup[];
  /** Users in the answer, asked or not: what X bills. */
  readonly returned: number;
  /** What was reserved for the call, and on which UTC day. */
  readonly reserved: number;
  readonly day: string;
}

export interface SpentOnGroup {
  readonly groupId: number;
  readonly asked: number;
  /** So many of them the answer held, … */
  readonly returned: number;
  /** … and so many of these it had held before on the same UTC day. */
  readonly repeats: number;
}

/** What X's headers say is left, and for how long. */
export interface Headroom {
  readonly limit: number;
  readonly remaining: number;
  readonly resetInMs: number;
}

/** Replaces what was reserved by what was spent, and keeps X's own count. */
export async function settle(
  db: Queryable,
  calls: readonly Spent[],
  headroom: Headroom | null,
): Promise<void> {
  const groups = calls.flatMap((call, i) => call.groups.map(one => ({ ...one, call: i + 1 })));
  await db.query({
    name: 'settle',
    text: settleStatement,
    values: [
      groups.map(one => one.call),
      groups.map(one => one.groupId),
      groups.map(one => one.asked),
      groups.map(one => one.returned),
      groups.map(one => one.repeats),
      calls.map(call => call.returned),
      calls.map(call => Math.round(call.reserved)),
      calls.map(call => call.day),
      headroom?.limit ?? null,
      headroom?.remaining ?? null,
      headroom?.resetInMs ?? null,
    ],
  });
}

/** Users by group; X's users that nobody asked for are of no group (0). */
const parts = `
  asked AS (
    SELECT a.*, CASE WHEN b.count_repeats THEN returned ELSE returned - repeats END AS billed
    FROM unnest($1::integer[], $2::integer[], $3::integer[], $4::integer[], $5::integer[]) AS a (call, group_id, asked, returned, repeats)
    CROSS JOIN b
  ), calls AS (
    SELECT * FROM unnest($6::integer[], $7::bigint[], $8::date[]) WITH ORDINALITY AS c (returned, reserved, day, call)
  ), shares AS (
    SELECT group_id, asked::float8 / sum(asked) OVER (PARTITION BY call) AS part, returned AS users, billed FROM asked
    UNION ALL
    SELECT 0, 0, c.returned - known.users, c.returned - known.users
    FROM calls c, LATERAL (SELECT coalesce(sum(a.returned), 0) AS users FROM asked a WHERE a.call = c.call) AS known
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
    SELECT b.now + $11::float8 * interval '1 millisecond' AS reset_at,
      coalesce(b.now < b.x_reset_at, false) AS open,
      coalesce(b.now < b.x_reset_at AND b.x_limit = $9::integer AND abs($11::float8 - extract(epoch FROM b.x_reset_at - b.now) * 1000) < 3000, false) AS same,
      CASE WHEN b.now < b.x_reset_at THEN b.x_interval END AS old_step, b.x_remaining
    FROM b
  ), room AS (
    SELECT told.*, CASE WHEN same THEN least(x_remaining, $10::integer) ELSE $10::integer END AS remaining FROM told
  ), corrected AS (
    SELECT room.*, (room.remaining - $9::integer / 100) <= 0 AS empty,
      $11::float8 / nullif(greatest(room.remaining - $9::integer / 100, 0), 0) * interval '1 millisecond' AS step FROM room
  ), news AS (
    SELECT c.*, $9::integer IS NOT NULL AND (NOT open OR same OR empty OR step > old_step) AS counts,
      coalesce($9::integer IS NOT NULL AND empty AND coalesce(b.blocked_reason, 'rate_limited') = 'rate_limited', false) AS shut
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
    x_limit = CASE WHEN news.counts THEN $9::integer ELSE budget.x_limit END,
    x_remaining = CASE WHEN news.counts THEN news.remaining ELSE budget.x_remaining END,
    x_reset_at = CASE WHEN news.counts THEN news.reset_at ELSE budget.x_reset_at END,
    x_interval = CASE WHEN news.counts THEN news.step ELSE budget.x_interval END,
    blocked_reason = CASE WHEN news.shut THEN 'rate_limited' ELSE budget.blocked_reason END,
    blocked_since = CASE WHEN news.shut THEN coalesce(budget.blocked_since, b.now) ELSE budget.blocked_since END,
    blocked_until = CASE WHEN news.shut THEN greatest(budget.blocked_until, news.reset_at) ELSE budget.blocked_until END
  FROM b, sums, news`;
