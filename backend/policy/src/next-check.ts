import type { Milliseconds } from './observation.ts';
import type { Rule } from './status.ts';

/** Which line a check waits in: what an alert depends on never waits behind freshness. */
export type CheckLane = 'checks.deadline' | 'checks.fresh';

export interface NextCheck {
  readonly at: Milliseconds;
  readonly lane: CheckLane;
}

/** How eagerly to look. All in milliseconds. */
export interface Pace {
  /** Two looks must agree before an alert; the first comes this long before the deadline, so that the second falls on it. */
  readonly confirmDelay: Milliseconds;
  /** K of the square-root rule: the interval of a profile that posts once a day. */
  readonly freshnessK: Milliseconds;
  /** Freshness is never bought more often than this. */
  readonly freshnessFloor: Milliseconds;
  /** The wait after a look without evidence; it doubles with each in a row, up to retryCap. */
  readonly retryBase: Milliseconds;
  readonly retryCap: Milliseconds;
}

const oneDay = 86_400_000;

/**
 * How long "last seen" may stay as it is: K / sqrt(posts per day), at most the group's freshness.
 * Minimising the mean delay until a post is seen, for a given number of checks, makes the check rate
 * proportional to the square root of the posting rate (Sia & Cho, "Fast News Alerts", TKDE 2007).
 */
export function freshnessInterval(postsPerDay: number | null, cap: Milliseconds, pace: Pace): Milliseconds {
  const byRate = postsPerDay && postsPerDay > 0 ? pace.freshnessK / Math.sqrt(postsPerDay) : cap;
  return Math.min(cap, Math.max(byRate, pace.freshnessFloor));
}

/** The next look at an account that shows its posts. */
export function nextCheck(
  seen: {
    readonly checkedAt: Milliseconds;
    readonly lastActivityAt: Milliseconds;
    readonly deadline: Milliseconds;
    /** The first of the two agreeing looks, if it has been taken. */
    readonly suspectedAt: Milliseconds | null;
    readonly alertOpen: boolean;
    readonly postsPerDay: number | null;
  },
  rule: Rule & { readonly freshness: Milliseconds },
  pace: Pace,
): NextCheck {
  const fresh = seen.checkedAt + freshnessInterval(seen.postsPerDay, rule.freshness, pace);
  const look = seen.alertOpen ? recoveryLook(seen, rule, pace) : deadlineLook(seen, pace);
  if (look > fresh) return { at: fresh, lane: 'checks.fresh' };
  return { at: look, lane: seen.alertOpen ? 'checks.fresh' : 'checks.deadline' };
}

/** First look: confirmDelay before the deadline. Confirming look: at the deadline, but never sooner than confirmDelay after the first. */
function deadlineLook(
  seen: { deadline: Milliseconds; suspectedAt: Milliseconds | null },
  pace: Pace,
): Milliseconds {
  if (seen.suspectedAt === null) return seen.deadline - pace.confirmDelay;
  return Math.max(seen.deadline, seen.suspectedAt + pace.confirmDelay);
}

/** Activity after an alert is found by looking again after a tenth of the idle time, at most a threshold later. */
function recoveryLook(
  seen: { checkedAt: Milliseconds; lastActivityAt: Milliseconds },
  rule: Rule,
  pace: Pace,
): Milliseconds {
  const idle = seen.checkedAt - seen.lastActivityAt;
  return seen.checkedAt + Math.max(pace.freshnessFloor, Math.min(rule.threshold, idle / 10));
}

/**
 * The next look at an account that shows nothing. When it comes back its last activity may be as old as the last look,
 * so looking again within threshold + grace is early enough for any alert.
 */
export function nextCheckOfGone(
  seen: { readonly checkedAt: Milliseconds; readonly stateSince: Milliseconds },
  rule: Rule & { readonly freshness: Milliseconds },
  pace: Pace,
): NextCheck {
  const confirmed = seen.checkedAt - seen.stateSince >= pace.confirmDelay;
  if (!confirmed) return { at: seen.stateSince + pace.confirmDelay, lane: 'checks.deadline' };
  const alertBound = Math.max(rule.threshold + rule.grace - pace.confirmDelay, pace.freshnessFloor);
  if (alertBound <= rule.freshness) return { at: seen.checkedAt + alertBound, lane: 'checks.deadline' };
  return { at: seen.checkedAt + rule.freshness, lane: 'checks.fresh' };
}

/** Capped exponential backoff with full jitter on its upper half: `random` in [0, 1) spreads a batch that failed together. */
export function retryDelay(failures: number, random: number, pace: Pace): Milliseconds {
  const longest = Math.min(pace.retryCap, pace.retryBase * 2 ** Math.min(failures - 1, 30));
  return longest * (0.5 + random / 2);
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
