import type { BudgetState } from '@app/database/budget-state';
import { expect, test } from 'vitest';
import { roomByBudget } from './room.ts';
import { budgetUse, leastK } from './steering.ts';

const now = Date.UTC(2026, 5, 15, 12);
const day = 86_400_000;
const state: BudgetState = {
  now,
  calls: 50,
  windowS: 1,
  burst: 1,
  pricing: 'per_user',
  price: 10_000,
  dailyCap: null,
  monthlyCap: null,
  freshPercent: 90,
  countRepeats: true,
  usedToday: 0,
  usedMonth: 0,
  dayEndsAt: now + day / 2,
  monthEndsAt: now + 15.5 * day,
  block: null,
  window: null,
  stepMs: 20,
  freshnessK: null,
  steeredAt: null,
  grantedSince: 0,
  usedSince: 0,
};
const room = (change: Partial<BudgetState>) => roomByBudget({ ...state, ...change }, () => 50);
const same = (n: number) => ({ 'checks.deadline': n, 'checks.fresh': n, 'checks.manual': n });
const fresh0 = (n: number) => ({ ...same(n), 'checks.fresh': 0 });
const block = (reason: 'rate_limited' | 'out_of_credit', ms: number) => ({
  reason,
  since: now,
  until: now + ms,
});

const rooms: [string, Partial<BudgetState>, Record<string, number>][] = [
  ['50 calls/s fill the lanes as far as they are set', {}, same(50)],
  ['5 calls/s fill them for ten seconds', { stepMs: 200 }, same(50)],
  ['2 calls/s fill them for ten seconds', { stepMs: 500 }, same(20)],
  ['X own limit leaves room for four calls, or leases would lapse in the lane', { stepMs: 3_000 }, same(4)],
  ['a call an hour still leaves two', { stepMs: 3_600_000 }, same(2)],
  ['a 429 lets nothing in', { block: block('rate_limited', 1_000) }, same(0)],
  ['an empty account lets nothing in', { block: block('out_of_credit', 1) }, same(0)],
  ['when an empty account may be tried, one message gets in', { block: block('out_of_credit', 0) }, same(1)],
  ['far from its cap money changes nothing', { dailyCap: 10e6, usedToday: 1e6 }, same(50)],
  ['freshness must leave a tenth of the cap', { dailyCap: 10e6, usedToday: 8.1e6 }, fresh0(50)],
  [
    'freshness must leave a tenth of the cap of the month',
    { monthlyCap: 10e6, usedMonth: 8.1e6 },
    fresh0(50),
  ],
  [
    'a call at a price of its own may be smaller',
    { pricing: 'per_request', dailyCap: 10e6, usedToday: 8.9e6 },
    same(50),
  ],
  ['a cap that is reached lets nothing in', { dailyCap: 10e6, usedToday: 10e6 }, same(0)],
];

test.each(rooms)('%s', (_, change, expected) => {
  expect(room(change)).toEqual(expected);
});

const uses: [string, Partial<BudgetState>, number][] = [
  ['calls, where there is no cap', { grantedSince: 1_500 }, 0.5],
  [
    'money, where it is shorter than calls',
    { grantedSince: 30, dailyCap: 10e6, usedToday: 0, usedSince: 12_500 },
    1,
  ],
  [
    'twice as much as there is, when freshness has none left',
    { dailyCap: 10e6, usedToday: 9e6, usedSince: 0 },
    2,
  ],
];

test.each(uses)('the use of the budget in a minute is that of %s', (_, change, expected) => {
  expect(budgetUse({ ...state, ...change }, 60_000)).toBeCloseTo(expected, 5);
});

test('what was used is not known after the day has turned over, and then K stays', () => {
  expect(budgetUse({ ...state, usedSince: -5 }, 60_000)).toBeNaN();
});

test('freshness is not bought without end where every user costs and nothing caps it', () => {
  expect(leastK(state, 5_000_000)).toBe(5_000_000);
  expect(leastK({ ...state, dailyCap: 1 }, 5_000_000)).toBe(60_000);
  expect(leastK({ ...state, pricing: 'per_request' }, 5_000_000)).toBe(60_000);
});
