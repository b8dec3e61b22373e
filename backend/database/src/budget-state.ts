import type { Block, Pricing } from './budget.ts';
import { budgetAsItStands } from './budget-statement.ts';
import type { Queryable } from './pool.ts';

/** The budget as it stands. Amounts are millionths of a dollar, times milliseconds since 1970 by the database's clock. */
export interface BudgetState {
  readonly now: number;
  readonly calls: number;
  readonly windowS: number;
  readonly burst: number;
  readonly pricing: Pricing;
  readonly price: number;
  /** `null`: none */
  readonly dailyCap: number | null;
  readonly monthlyCap: number | null;
  readonly freshPercent: number;
  readonly countRepeats: boolean;
  /** Spent and reserved on this UTC day and in its month. */
  readonly usedToday: number;
  readonly usedMonth: number;
  readonly dayEndsAt: number;
  readonly monthEndsAt: number;
  /** X's own word, or its window's emptiness. */
  readonly block: { readonly reason: Block; readonly since: number; readonly until: number } | null;
  /** What X's headers said last; `null` when their window is over. */
  readonly window: { readonly limit: number; readonly remaining: number; readonly resetAt: number } | null;
  /** Milliseconds between two calls now: the rate, or less where X's headers leave less. */
  readonly stepMs: number;
  /** K of the square-root rule as it is steered; `null` while it is not. */
  readonly freshnessK: number | null;
  readonly steeredAt: number | null;
  /** Calls granted and money used since K was steered. */
  readonly grantedSince: number;
  readonly usedSince: number;
}

export async function readBudget(db: Queryable): Promise<BudgetState> {
  const { rows } = await db.query<StateRow>({ name: 'read-budget', text: stateStatement });
  const row = rows[0];
  if (!row) throw new Error('the budget row is missing');
  return { ...settingsOf(row), ...spentOf(row), ...limitsOf(row) };
}

/** Keeps what K was steered to, and from when the next stretch of time is measured. `false`: another producer was faster. */
export async function steerBudget(db: Queryable, state: BudgetState, freshnessK: number): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'steer-budget',
    text: `UPDATE budget SET freshness_k_ms = $1, steered_at = clock_timestamp(), steered_granted = granted, steered_used = day_used
           WHERE steered_at IS NOT DISTINCT FROM to_timestamp($2::float8 / 1000)
             OR abs(extract(epoch FROM steered_at)::float8 * 1000 - $2::float8) < 1`,
    values: [Math.round(freshnessK), state.steeredAt],
  });
  return (rowCount ?? 0) > 0;
}

const stateStatement = `
  WITH ${budgetAsItStands}
  SELECT b.*, (today + 1)::timestamp AT TIME ZONE 'UTC' AS day_ends_at,
    (date_trunc('month', today) + interval '1 month') AT TIME ZONE 'UTC' AS month_ends_at,
    extract(epoch FROM greatest(own_interval, CASE WHEN now < x_reset_at THEN x_interval END))::float8 * 1000 AS step
  FROM b`;

interface StateRow {
  now: number;
  calls: number;
  window_s: number;
  burst: number;
  pricing: Pricing;
  price: string;
  daily_cap: string | null;
  monthly_cap: string | null;
  fresh_percent: number;
  count_repeats: boolean;
  used_today: string;
  used_month: string;
  day_ends_at: number;
  month_ends_at: number;
  blocked_reason: Block | null;
  blocked_since: number | null;
  blocked_until: number | null;
  x_limit: number | null;
  x_remaining: number | null;
  x_reset_at: number | null;
  step: number;
  freshness_k_ms: string | null;
  steered_at: number | null;
  steered_granted: string;
  steered_used: string;
  granted: string;
}

const numberOrNull = (value: string | null) => (value === null ? null : Number(value));

function settingsOf(row: StateRow) {
  return {
    now: row.now,
    calls: row.calls,
    windowS: row.window_s,
    burst: row.burst,
    pricing: row.pricing,
    price: Number(row.price),
    dailyCap: numberOrNull(row.daily_cap),
    monthlyCap: numberOrNull(row.monthly_cap),
    freshPercent: row.fresh_percent,
    countRepeats: row.count_repeats,
  };
}

function spentOf(row: StateRow) {
  return {
    usedToday: Number(row.used_today),
    usedMonth: Number(row.used_month),
    dayEndsAt: row.day_ends_at,
    monthEndsAt: row.month_ends_at,
    freshnessK: numberOrNull(row.freshness_k_ms),
    steeredAt: row.steered_at,
    grantedSince: Number(row.granted) - Number(row.steered_granted),
    usedSince: Number(row.used_today) - Number(row.steered_used),
  };
}

/** A 429 whose time has come is over, though no call has tidied it away yet; what lasts is there until a call succeeds. */
function limitsOf(row: StateRow) {
  const { blocked_reason: reason, blocked_since: since, blocked_until: until } = row;
  const isOver = reason === 'rate_limited' && row.now >= (until ?? 0);
  const { x_limit: limit, x_remaining: remaining, x_reset_at: resetAt } = row;
  const isOpen = resetAt !== null && row.now < resetAt;
  return {
    block: reason === null || until === null || isOver ? null : { reason, since: since ?? until, until },
    window: isOpen && limit !== null && remaining !== null ? { limit, remaining, resetAt } : null,
    stepMs: row.step,
  };
}
