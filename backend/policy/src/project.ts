import { freshnessInterval, type Pace, recoveryInterval, type WatchRule } from './next-check.ts';
import type { Milliseconds } from './observation.ts';

const oneDay: Milliseconds = 86_400_000;
/** X bills by the month; every month is counted as this many days. */
export const daysPerMonth = 30;
/** X answers for at most so many profiles in one call. */
const batchSize = 100;

/** What a projection needs to know of a profile. */
export interface ProjectedProfile {
  /** Recent average; `null` when it is not known. */
  readonly postsPerDay: number | null;
  /** How old its last activity is; `null` when it is not known, then it is taken as the mean gap. */
  readonly idle: Milliseconds | null;
}

export interface Prices {
  /** What X charges for: every user in an answer, or every call, however full. */
  readonly pricing: 'per_user' | 'per_request';
  /** Dollars per user returned. X's list price is 0.010 (2026). */
  readonly perUser: number;
  /** Dollars per call. 0 where calls are only limited in number. */
  readonly perRequest: number;
  /** The share of the 100 places of a call that are used on average, above 0. */
  readonly fill: number;
}

export const listPrices: Prices = { pricing: 'per_user', perUser: 0.01, perRequest: 0, fill: 1 };

/** Per month of 30 days. Estimates, not rounded. */
export interface Projection {
  readonly checks: number;
  readonly calls: number;
  readonly dollars: number;
}

/**
 * What a policy costs in a month if the profiles go on as they are. The mean interval of each is the least of what its
 * deadline, the freshness cap, the square-root rule and recovery ask for, as in `nextCheck`; jitter and confirming looks
 * (one for each alert) are left out.
 */
export function project(
  rule: WatchRule,
  profiles: readonly ProjectedProfile[],
  pace: Pace,
  prices: Prices = listPrices,
): Projection {
  const month = daysPerMonth * oneDay;
  const checks = profiles.reduce((sum, profile) => sum + month / meanInterval(rule, profile, pace), 0);
  const calls = checks / (batchSize * prices.fill);
  const dollars = prices.pricing === 'per_user' ? checks * prices.perUser : calls * prices.perRequest;
  return { checks, calls, dollars };
}

/** The mean time between two looks at a profile that goes on as it is, in milliseconds. */
export function meanInterval(rule: WatchRule, profile: ProjectedProfile, pace: Pace): Milliseconds {
  const { postsPerDay } = profile;
  const rate = postsPerDay ?? 0;
  const idle = profile.idle ?? (rate > 0 ? oneDay / rate : Number.POSITIVE_INFINITY);
  const span = rule.threshold + rule.grace;
  const fresh = freshnessInterval({ postsPerDay, idle }, rule, pace);
  if (idle >= span) return Math.min(fresh, recoveryInterval(idle, rule, pace), span);
  return Math.min(fresh, deadlineInterval(rate / oneDay, span));
}

/**
 * The mean time between two deadline looks at a profile that posts at random (Poisson) at this rate per millisecond.
 * The next look comes `span` after the last post, which at the look is of exponential age; a silence longer than `span`
 * is looked at again after `span`. So the mean is span - E[age; age < span]; without posts it is `span`. Taken as if
 * every look came at a random moment, which makes it up to 10 % short (at rate × span = 1.4), never long.
 */
export function deadlineInterval(rate: number, span: Milliseconds): Milliseconds {
  if (rate * span < 1e-6) return span;
  const silent = Math.exp(-rate * span);
  return span - ((1 - silent) / rate - span * silent);
}
