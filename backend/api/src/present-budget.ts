import type { Budget } from '@app/contract/budget';
import type { BudgetState } from '@app/database/budget-state';
import type { GroupSpend, SpendSums } from '@app/database/spend-report';

const oneDay = 86_400_000;
/** Less of a day says little about the rest of it. */
const leastOfDay = 3_600_000;

/** The budget's row and what was spent, as JSON. `mean`: what a day has cost lately (millionths of a dollar), if that is known. */
export function presentBudget(
  state: BudgetState,
  groups: readonly GroupSpend[],
  mean: number | null,
): Budget {
  const blocked = blockedOf(state);
  return {
    settings: settingsOf(state),
    state: blocked ? 'blocked' : isFreshStopped(state) ? 'fresh_stopped' : 'open',
    blocked,
    rate: { per_second: 1_000 / state.stepMs, window: windowOf(state) },
    freshness_k: state.freshnessK === null ? null : state.freshnessK / 1_000,
    ...periodsOf(state, groups, mean),
    groups: groups.map(({ groupId, name, today, month }) => ({
      id: groupId === 0 ? null : groupId,
      name,
      today: spent(today),
      month: spent(month),
    })),
  };
}

function settingsOf(state: BudgetState): Budget['settings'] {
  return {
    calls: state.calls,
    window: state.windowS,
    burst: state.burst,
    pricing: state.pricing,
    price: dollars(state.price),
    daily_cap: state.dailyCap === null ? null : dollars(state.dailyCap),
    monthly_cap: state.monthlyCap === null ? null : dollars(state.monthlyCap),
    fresh_percent: state.freshPercent,
    count_repeats: state.countRepeats,
  };
}

/** X's word first: raising a cap of our own would not help then. */
function blockedOf(state: BudgetState): Budget['blocked'] {
  const { block } = state;
  if (block) return { reason: block.reason, since: instant(block.since), until: instant(block.until) };
  const [spentOut] = capsOf(state).filter(({ used, cap }) => used >= cap);
  return spentOut ? { reason: spentOut.reason, since: null, until: instant(spentOut.endsAt) } : null;
}

function isFreshStopped(state: BudgetState): boolean {
  return capsOf(state).some(({ used, cap }) => used >= (cap * state.freshPercent) / 100);
}

function capsOf(state: BudgetState) {
  const all = [
    { reason: 'monthly_cap', used: state.usedMonth, cap: state.monthlyCap, endsAt: state.monthEndsAt },
    { reason: 'daily_cap', used: state.usedToday, cap: state.dailyCap, endsAt: state.dayEndsAt },
  ] as const;
  return all.flatMap(({ cap, ...one }) => (cap === null ? [] : [{ ...one, cap }]));
}

function windowOf({ window }: BudgetState): Budget['rate']['window'] {
  return window && { limit: window.limit, remaining: window.remaining, reset_at: instant(window.resetAt) };
}

/** The day goes on as it went so far; the rest of the month as the last seven days, or else as today. */
function periodsOf(state: BudgetState, groups: readonly GroupSpend[], mean: number | null) {
  const today = sum(groups.map(group => group.today));
  const month = sum(groups.map(group => group.month));
  const dayGone = Math.max(leastOfDay, oneDay - (state.dayEndsAt - state.now));
  const dayProjected = Math.max(today.usd, (today.usd * oneDay) / dayGone);
  const daysAfter = (state.monthEndsAt - state.dayEndsAt) / oneDay;
  const monthProjected = month.usd - today.usd + dayProjected + daysAfter * (mean ?? dayProjected);
  const period = (of: SpendSums, used: number, cap: number | null, projected: number, endsAt: number) => ({
    ...spent(of),
    reserved: dollars(Math.max(0, used - of.usd)),
    left: cap === null ? null : dollars(Math.max(0, cap - used)),
    projected: dollars(Math.round(projected)),
    ends_at: instant(endsAt),
  });
  return {
    today: period(today, state.usedToday, state.dailyCap, dayProjected, state.dayEndsAt),
    month: period(month, state.usedMonth, state.monthlyCap, monthProjected, state.monthEndsAt),
  };
}

function sum(all: readonly SpendSums[]): SpendSums {
  return all.reduce((a, b) => ({ calls: a.calls + b.calls, users: a.users + b.users, usd: a.usd + b.usd }), {
    calls: 0,
    users: 0,
    usd: 0,
  });
}

function spent({ calls, users, usd }: SpendSums) {
  return { calls, users, dollars: dollars(usd) };
}

function dollars(micro: number): number {
  return micro / 1_000_000;
}

function instant(time: number): string {
  return new Date(time).toISOString();
}
