import { type Lane, lanes } from '@app/contract/message';
import type { BudgetState } from '@app/database/budget-state';

/** Work for so long may wait in a lane: more would let leases lapse in the queue (performance.md, section 5.3). */
const laneMs = 10_000;
/** Never fewer: consumers must not run dry between two ticks. */
const leastMessages = 2;

/** How many messages each lane may hold, as far as the budget goes. Pure. Rows that are not published stay due: nothing is lost. */
export function roomByBudget(budget: BudgetState, laneMessages: number): Record<Lane, number> {
  const byRate = Math.min(laneMessages, Math.max(leastMessages, Math.ceil(laneMs / budget.stepMs)));
  const most = Math.min(byRate, byBlock(budget));
  const isSpent = money(budget).some(({ used, cap }) => used >= cap);
  // A full batch must fit, because freshness fills every batch.
  const worst = budget.price * (budget.pricing === 'per_user' ? 100 : 1);
  const freshIsSpent = money(budget).some(
    ({ used, cap }) => used + worst > (cap * budget.freshPercent) / 100,
  );
  const urgent = isSpent ? 0 : most;
  const room = (lane: Lane) => (lane === 'checks.fresh' && freshIsSpent ? 0 : urgent);
  // The entries come from the list of all lanes, so that none is missing; fromEntries cannot say so.
  return Object.fromEntries(lanes.map(lane => [lane, room(lane)])) as Record<Lane, number>;
}

/** While X says no, nothing; when a block's time has come, one message that can try whether it has ended. */
function byBlock({ block, now }: BudgetState): number {
  if (block === null) return Number.POSITIVE_INFINITY;
  return now < block.until ? 0 : 1;
}

function money({ usedToday, dailyCap, usedMonth, monthlyCap }: BudgetState) {
  const all = [
    { used: usedToday, cap: dailyCap },
    { used: usedMonth, cap: monthlyCap },
  ];
  return all.flatMap(({ used, cap }) => (cap === null ? [] : [{ used, cap }]));
}
