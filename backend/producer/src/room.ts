import { type Lane, lanes } from '@app/contract/message';
import type { BudgetState } from '@app/database/budget-state';

/** Work for so long may wait in a lane: more would let leases lapse in the queue (performance.md, section 5.3). */
const laneMs = 10_000;
/** Never fewer: consumers must not run dry between two ticks. */
const leastMessages = 2;

/** A lane holds what consumers do in so long, … */
const flowMs = 3_000;
/** … and never more than half of what its queue takes. */
const mostMessages = 5_000;

/** How many messages a lane may hold by the speed at which it is emptied; `laneMessages` until that is known. Pure. */
export function roomByFlow(perSecond: number, laneMessages: number): number {
  return Math.min(mostMessages, Math.max(laneMessages, Math.ceil((perSecond * flowMs) / 1_000)));
}

/** How many messages each lane may hold, as far as the budget goes. Pure. Rows that are not published stay due: nothing is lost. */
export function roomByBudget(budget: BudgetState, roomOf: (lane: Lane) => number): Record<Lane, number> {
  const byRate = Math.min(Math.max(leastMessages, Math.ceil(laneMs / budget.stepMs)), byBlock(budget));
  const isSpent = money(budget).some(({ used, cap }) => used >= cap);
  // A full batch must fit, because freshness fills every batch.
  const worst = budget.price * (budget.pricing === 'per_user' ? 100 : 1);
  const freshIsSpent = money(budget).some(
    ({ used, cap }) => used + worst > (cap * budget.freshPercent) / 100,
  );
  const shut = (lane: Lane) => isSpent || (lane === 'checks.fresh' && freshIsSpent);
  const room = (lane: Lane) => (shut(lane) ? 0 : Math.min(byRate, roomOf(lane)));
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
