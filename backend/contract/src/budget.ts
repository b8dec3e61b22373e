import { z } from 'zod';
import { instant } from './page.ts';

const year = 365 * 86_400;
const mostDollars = 1_000_000_000;

function whole(least: number, most: number) {
  const words = `must be a whole number from ${least} to ${most}`;
  return z.int(words).min(least, words).max(most, words);
}

function dollars(most: number) {
  const words = `must be an amount in dollars from 0 to ${most}`;
  return z.number(words).min(0, words).max(most, words);
}

export const pricings = ['per_user', 'per_request'] as const;

const settings = {
  /** X allows so many calls in `window` seconds; they are spread evenly. */
  calls: whole(1, 1_000_000),
  window: whole(1, 86_400),
  /** Calls that may follow one another at once after a pause. */
  burst: whole(1, 1_000),
  /** What X charges for: every user in an answer, or every call. */
  pricing: z.enum(pricings, 'must be per_user or per_request'),
  /** Dollars for one of those. */
  price: dollars(1_000),
  /** Dollars per UTC day and per month of UTC days; null: no cap. */
  daily_cap: dollars(mostDollars).nullable(),
  monthly_cap: dollars(mostDollars).nullable(),
  /** Freshness stops at this percentage of a cap; the rest is for deadlines. */
  fresh_percent: whole(0, 100),
  /** Whether a user returned twice in a UTC day counts twice, though X says that it bills once. */
  count_repeats: z.boolean('must be true or false'),
};

/** K in seconds: the freshness interval of a profile that posts once a day. It is steered from there on. */
const freshnessK = whole(60, year);

/** What is left out stays as it is. */
export const budgetChange = z
  .strictObject({ ...settings, freshness_k: freshnessK })
  .partial()
  .refine(change => Object.keys(change).length > 0, 'must change at least one setting');
export type BudgetInput = z.infer<typeof budgetChange>;

export const blockReasons = [
  'rate_limited',
  'cap_exceeded',
  'out_of_credit',
  'spend_cap',
  'unauthorized',
  'forbidden',
  'daily_cap',
  'monthly_cap',
] as const;

const spent = z.object({
  calls: z.number().nonnegative(),
  /** Users that X returned. */
  users: z.int().nonnegative(),
  dollars: z.number().nonnegative(),
});

const period = spent.extend({
  /** Kept back for calls that have begun. What a crash left behind is free again when the UTC day ends. */
  reserved: z.number().nonnegative(),
  /** Until the cap; null: there is none. */
  left: z.number().nonnegative().nullable(),
  /** If it goes on like this, in dollars when the period ends. */
  projected: z.number().nonnegative(),
  ends_at: instant,
});

/** What may be spent on X, what was, and why nothing is spent just now. */
export const budget = z.object({
  settings: z.object(settings),
  /** `fresh_stopped`: only deadlines and manual checks; `blocked`: no call at all (but now and then one to see whether it goes on). */
  state: z.enum(['open', 'fresh_stopped', 'blocked']),
  blocked: z
    .object({
      reason: z.enum(blockReasons),
      since: instant.nullable(),
      /** When calls go on, or when one tries. */
      until: instant,
    })
    .nullable(),
  rate: z.object({
    /** Calls per second now: as set, or less where X's headers leave less. */
    per_second: z.number().positive(),
    /** X's own count. */
    window: z.object({ limit: z.int(), remaining: z.int(), reset_at: instant }).nullable(),
  }),
  /** Seconds; null until it is steered for the first time. */
  freshness_k: z.number().positive().nullable(),
  today: period,
  month: period,
  /** `id` null: of no group (any more), such as users that nobody asked for. Calls that profiles of several groups share are shared. */
  groups: z.array(
    z.object({ id: z.int().positive().nullable(), name: z.string().nullable(), today: spent, month: spent }),
  ),
});
export type Budget = z.infer<typeof budget>;
