import { type BudgetState, readBudget, steerBudget } from '@app/database/budget-state';
import { overdue } from '@app/database/claim';
import type { Pool } from '@app/database/pool';
import { kBounds, steer } from '@app/policy/steer';
import type { Log } from '@app/runtime/log';

export interface Steering {
  readonly pool: Pool;
  readonly settings: { readonly FRESHNESS_K_MS: number };
  readonly metrics: {
    readonly freshnessK: { set(seconds: number): void };
    readonly budgetUsed: { set(share: number): void };
  };
  readonly log: Log;
}

/** Several producers steer one K: whoever comes within this time of another leaves it alone. */
const leastMs = 30_000;

/** Moves K by how the budget was used and how late deadlines are, since it was moved last. */
export async function steerFreshness({ pool, settings, metrics, log }: Steering): Promise<void> {
  try {
    const state = await readBudget(pool);
    const elapsed = state.steeredAt === null ? 0 : state.now - state.steeredAt;
    if (state.steeredAt !== null && elapsed < leastMs) return;
    const k = state.freshnessK ?? settings.FRESHNESS_K_MS;
    const budgetUsed = elapsed === 0 ? Number.NaN : budgetUse(state, elapsed);
    const deadlineLateness = (await overdue(pool, 'checks.deadline', 1)).oldestMs;
    const bounds = { ...kBounds, least: leastK(state, Math.min(k, settings.FRESHNESS_K_MS)) };
    const steered = steer(
      k,
      { budgetUsed, deadlineLateness, window: Math.max(elapsed, leastMs), elapsed },
      bounds,
    );
    if (!(await steerBudget(pool, state, steered))) return;
    metrics.freshnessK.set(steered / 1_000);
    if (!Number.isNaN(budgetUsed)) metrics.budgetUsed.set(budgetUsed);
  } catch (error) {
    log.warn({ err: error }, 'could not steer freshness; it stays as it is');
  }
}

/**
 * What was used of what might have been, of calls or money, whichever is shorter. Money may be spent evenly until its cap's time ends,
 * as far as freshness may go. Pure.
 */
export function budgetUse(state: BudgetState, elapsed: number): number {
  const calls = (state.grantedSince * state.stepMs) / elapsed;
  const share = state.freshPercent / 100;
  const perMs = [
    { cap: state.dailyCap, used: state.usedToday, endsAt: state.dayEndsAt },
    { cap: state.monthlyCap, used: state.usedMonth, endsAt: state.monthEndsAt },
  ].flatMap(({ cap, used, endsAt }) =>
    cap === null ? [] : [Math.max(0, cap * share - used) / Math.max(1, endsAt - state.now)],
  );
  // The day has turned over since: what was used is not known.
  if (state.usedSince < 0) return Number.NaN;
  const money = perMs.map(rate => (rate === 0 ? 2 : state.usedSince / (rate * elapsed)));
  return Math.max(calls, ...money);
}

/**
 * Freshness is bought with what is left over only where it is known what is left. With a price per user and no cap, nothing is "left
 * over": using all of X's 300 calls in 15 minutes costs $28,800 a day at list price. There K does not go below where it was set (here, or by the API).
 */
export function leastK({ pricing, price, dailyCap, monthlyCap }: BudgetState, set: number): number {
  const isOpenEnded = pricing === 'per_user' && dailyCap === null && monthlyCap === null;
  return isOpenEnded || price === 0 ? set : kBounds.least;
}
