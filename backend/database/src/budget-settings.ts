import type { Pricing } from './budget.ts';
import type { Queryable } from './pool.ts';

/** The settings of the budget row; amounts are millionths of a dollar. What is `undefined` stays as it is. */
export interface BudgetChange {
  readonly calls?: number | undefined;
  readonly windowS?: number | undefined;
  readonly burst?: number | undefined;
  readonly pricing?: Pricing | undefined;
  readonly price?: number | undefined;
  /** `null`: none */
  readonly dailyCap?: number | null | undefined;
  readonly monthlyCap?: number | null | undefined;
  readonly freshPercent?: number | undefined;
  readonly countRepeats?: boolean | undefined;
  /** Where the steering of K goes on from, in milliseconds. */
  readonly freshnessK?: number | undefined;
}

const columns: Readonly<Record<keyof BudgetChange, string>> = {
  calls: 'calls',
  windowS: 'window_s',
  burst: 'burst',
  pricing: 'pricing',
  price: 'price',
  dailyCap: 'daily_cap',
  monthlyCap: 'monthly_cap',
  freshPercent: 'fresh_percent',
  countRepeats: 'count_repeats',
  freshnessK: 'freshness_k_ms',
};

/**
 * Changes the settings for all consumers from their next reservation on. A new rate begins at once: what was reserved at the old
 * one is used or lapses, but no more than a second of it is waited for. The same rate again (a consumer that starts) moves nothing.
 */
export async function changeBudget(db: Queryable, change: BudgetChange): Promise<void> {
  const given = (Object.keys(columns) as (keyof BudgetChange)[]).filter(key => change[key] !== undefined);
  if (given.length === 0) return;
  const place = (key: keyof BudgetChange) =>
    given.includes(key) ? `$${given.indexOf(key) + 1}` : columns[key];
  const sets = given.map(key => `${columns[key]} = ${place(key)}`);
  const text = `
    UPDATE budget SET ${sets.join(', ')}, next_at = CASE
      WHEN (calls, window_s) = (${place('calls')}::integer, ${place('windowS')}::integer) THEN next_at
      ELSE least(next_at, clock_timestamp() + interval '1 second') END`;
  await db.query({ text, values: given.map(key => change[key]) });
}

/** For sources that neither limit nor charge: a simulator. */
export const unlimitedBudget = { calls: 1_000_000, windowS: 1, price: 0 } as const;
