import { type Budget, type BudgetInput, budgetChange } from '@app/contract/budget';
import { changeBudget } from '@app/database/budget-settings';
import { readBudget } from '@app/database/budget-state';
import { meanDailySpend, spendByGroup } from '@app/database/spend-report';
import type { Api, Handler } from './answer.ts';
import { parseBody, readJson } from './parse.ts';
import { presentBudget } from './present-budget.ts';

/** What may be spent on X, what was, and why nothing is spent just now. */
export const showBudget: Handler = async api => ({ status: 200, body: await report(api) });

/** New settings are in force with the next call of every consumer. */
export const putBudget: Handler = async (api, request, response) => {
  const input: BudgetInput = parseBody(budgetChange, await readJson(request, response));
  await changeBudget(api.pool, {
    calls: input.calls,
    windowS: input.window,
    burst: input.burst,
    pricing: input.pricing,
    price: micro(input.price),
    dailyCap: micro(input.daily_cap),
    monthlyCap: micro(input.monthly_cap),
    freshPercent: input.fresh_percent,
    countRepeats: input.count_repeats,
    freshnessK: input.freshness_k === undefined ? undefined : input.freshness_k * 1_000,
  });
  return { status: 200, body: await report(api) };
};

async function report({ pool }: Api): Promise<Budget> {
  const [state, groups, mean] = await Promise.all([
    readBudget(pool),
    spendByGroup(pool),
    meanDailySpend(pool),
  ]);
  return presentBudget(state, groups, mean);
}

/** Dollars as whole millionths; what is left out or null stays so. */
function micro<T extends null | undefined>(dollars: number | T): number | T {
  return typeof dollars === 'number' ? Math.round(dollars * 1_000_000) : dollars;
}
