import type { BudgetChange } from '@app/database/budget-settings';
import { address, wholeNumber } from '@app/runtime/env';
import type { Log } from '@app/runtime/log';
import type { XApiOptions } from '@app/x-api/client';
import { z } from 'zod';
import { sourceSettings } from './source-settings.ts';

const ms = (min: number, max: number) => wholeNumber(min, max);
const hour = 3_600_000;

/** An amount in dollars as whole millionths, which is how amounts are counted. */
const dollars = z.coerce
  .number('must be an amount in dollars, like 0.01')
  .min(0, 'must not be negative')
  .max(1_000_000_000, 'must be at most 1000000000')
  .transform(usd => Math.round(usd * 1_000_000));
const price = dollars.refine(micro => micro <= 1_000_000_000, 'must be at most 1000 dollars');
const cap = z.union(
  [z.literal('none').transform(() => null), dollars],
  'must be an amount in dollars, or none',
);

/**
 * What may be spent on X. One row of the database holds it for all consumers; what is named here is written there at the start,
 * what is not stays as it is: X's 300 calls in 900 s and its list price at first, then whatever was set by the API.
 */
export const budgetSettings = {
  X_API_CALLS: wholeNumber(1, 1_000_000).optional(),
  X_API_WINDOW_S: wholeNumber(1, 86_400).optional(),
  X_API_BURST: wholeNumber(1, 1_000).optional(),
  X_API_PRICING: z.enum(['per_user', 'per_request'], 'must be per_user or per_request').optional(),
  X_API_PRICE_USD: price.optional(),
  X_API_DAILY_CAP_USD: cap.optional(),
  X_API_MONTHLY_CAP_USD: cap.optional(),
  /** Freshness stops at this share of a cap. */
  X_API_FRESH_PERCENT: wholeNumber(0, 100).optional(),
  /** Whether a user who is returned twice in a UTC day is counted twice, though X says that it bills once. */
  X_API_COUNT_REPEATS: z
    .enum(['true', 'false'], 'must be true or false')
    .transform(value => value === 'true')
    .optional(),
};

/** Settings of the consumer, by their names in the environment. All durations are milliseconds. */
export const consumerSettings = {
  /** Messages in hand at once, per lane. Each is one call to X. */
  CONSUMER_PREFETCH: wholeNumber(1, 100).default(6),
  /** Two looks must agree before an alert; this is how far apart they are at least. */
  CONFIRM_DELAY_MS: ms(1, hour).default(60_000),
  /** K of the square-root rule: how often a profile that posts once a day is looked at. */
  FRESHNESS_K_MS: ms(1, 365 * 24 * hour).default(24 * hour),
  /** Freshness is never bought more often than this. */
  FRESHNESS_FLOOR_MS: ms(1, 24 * hour).default(60_000),
  /** The wait after a look without evidence; doubles with each in a row … */
  RETRY_BASE_MS: ms(1, hour).default(5_000),
  /** … up to this. */
  RETRY_CAP_MS: ms(1, 24 * hour).default(15 * 60_000),
  /** How long no lane asks X after a failed call; doubles with each in a row … */
  UPSTREAM_PAUSE_MS: ms(1, hour).default(1_000),
  /** … up to this. */
  UPSTREAM_PAUSE_CAP_MS: ms(1, hour).default(60_000),
  /** How long no lane asks X when it says that credit or a cap is used up, or the token is refused. */
  UPSTREAM_REFUSED_PAUSE_MS: ms(1, 24 * hour).default(15 * 60_000),
  ...budgetSettings,
  ...sourceSettings,
};

/** How X is reached. */
export const xApiSettings = {
  X_API_URL: address('http:', 'https:').default('https://api.x.com'),
  X_BEARER_TOKEN: z.string('must be the bearer token of your X app'),
  /** Whether X_API_URL is the simulator's: what it shows is never mixed with what X shows. */
  X_API_SIMULATED: z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .transform(value => value === 'true'),
  /** Which names the request uses for "most recent post": X renamed them in August 2026. Both are understood in answers. */
  X_API_VOCABULARY: z.enum(['tweet', 'post']).default('tweet'),
  X_API_TIMEOUT_MS: ms(100, 120_000).default(10_000),
  X_API_CONNECTIONS: wholeNumber(1, 256).default(16),
};

type ValuesOf<Shape extends z.ZodRawShape> = Readonly<z.infer<z.ZodObject<Shape>>>;
export type ConsumerSettings = ValuesOf<typeof consumerSettings>;
export type XApiSettings = ValuesOf<typeof xApiSettings>;

export type BudgetSettings = ValuesOf<typeof budgetSettings>;

/** What the environment says about the budget; nothing of what it does not. */
export function budgetChangeOf(settings: BudgetSettings): BudgetChange {
  return {
    calls: settings.X_API_CALLS,
    windowS: settings.X_API_WINDOW_S,
    burst: settings.X_API_BURST,
    pricing: settings.X_API_PRICING,
    price: settings.X_API_PRICE_USD,
    dailyCap: settings.X_API_DAILY_CAP_USD,
    monthlyCap: settings.X_API_MONTHLY_CAP_USD,
    freshPercent: settings.X_API_FRESH_PERCENT,
    countRepeats: settings.X_API_COUNT_REPEATS,
  };
}

/** The client's options, as the settings say. */
export function xApiOptionsOf(settings: XApiSettings, log: Log): XApiOptions {
  return {
    baseUrl: settings.X_API_URL,
    bearerToken: settings.X_BEARER_TOKEN,
    vocabulary: settings.X_API_VOCABULARY,
    timeoutMs: settings.X_API_TIMEOUT_MS,
    connections: settings.X_API_CONNECTIONS,
    log,
  };
}
