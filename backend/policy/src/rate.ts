import type { Milliseconds } from './observation.ts';

const oneDay: Milliseconds = 86_400_000;
const oneSecond: Milliseconds = 1_000;

/**
 * After how long a look counts half. On the shared trace, as mean hours until an activity is seen at one check per
 * profile and day (mean of four windows of 120 days, none of them the window that is shown): 10 days 2.14, 14 days 2.05,
 * 21 days 2.07. A second average with another half-life (1 to 7 days beside 21 to 60) gained less than `floorRate` does,
 * so the schedule keeps one number per profile.
 */
export const rateHalfLife: Milliseconds = 14 * oneDay;

/** Posts per day that even the most silent profile is expected to make; 0: 2.24 h, 0.01: 2.05 h, 0.02: 2.02 h, 0.1: 2.36 h. */
const floorRate = 0.01;
/** A rate counted from few looks is noisy, so large ratios are trusted less; 0.6: 2.04 h, 0.7: 2.05 h, 0.8: 2.22 h, 1: 2.46 h. */
const trust = 0.7;
/** People come in bursts: how fast the expectation falls with the age of the last activity; 0: 3.50 h, 0.4: 2.07 h, 0.5: 2.05 h, 0.6: 2.14 h. */
const fading = 0.5;
/** In days: within about an hour of an activity nothing fades yet; 0.02: 2.08 h, 0.05: 2.05 h, 0.12: 2.13 h. */
const burst = 0.05;

/** What a look adds to the count of posts. */
export interface RateLook {
  /** Posts per day as estimated before; `null` when nothing is known yet. */
  readonly before: number | null;
  /** The last successful look; `null` at the first. */
  readonly checkedAt: Milliseconds | null;
  /** Posts that were made since. */
  readonly posts: number;
  /** What stands in for an estimate while there is none: the rate over the account's life. */
  readonly prior: number | null;
}

/**
 * Posts per day after a look at `now`: an average over time in which a look counts half after `rateHalfLife`, however
 * irregular the looks are (the exponentially weighted average of a rate that is constant between two looks).
 */
export function rateAfterLook(
  { before, checkedAt, posts, prior }: RateLook,
  now: Milliseconds,
): number | null {
  if (before === null || checkedAt === null) return prior ?? before;
  const elapsed = Math.max(now - checkedAt, oneSecond);
  const kept = 0.5 ** (elapsed / rateHalfLife);
  return before * kept + (1 - kept) * posts * (oneDay / elapsed);
}

/** Posts per day over the life of the account; `null` when X did not say enough. */
export function lifetimeRate(
  postCount: number | null,
  createdAt: Milliseconds | null,
  now: Milliseconds,
): number | null {
  if (postCount === null || createdAt === null) return null;
  return (postCount * oneDay) / Math.max(now - createdAt, oneDay);
}

/**
 * Posts per day to expect next from a profile with this average whose last activity is `idle` milliseconds old:
 *
 *     (postsPerDay + 0.01)^0.7 / sqrt(idle in days + 0.05)
 *
 * 1 for a profile that posts daily and did so a day ago. Above all it says who will post sooner than whom: a common factor
 * is taken up by K. Human activity is bursty (Barabási, Nature 435:207, 2005: gaps have heavy tails), so the age of the
 * last activity says much that the average does not, and it costs no column. Left out, because it costs two columns and
 * an integral for 7 %: the hour of the day at which a profile is active (1.90 h instead of 2.05 h; on the shown window
 * nothing, 2.25 h instead of 2.24 h).
 */
export function expectedRate(postsPerDay: number | null, idle: Milliseconds): number {
  const days = Math.max(0, idle) / oneDay;
  return ((postsPerDay ?? 0) + floorRate) ** trust / (days + burst) ** fading;
}
