import type { Milliseconds } from './observation.ts';
import { expectedRate } from './rate.ts';
import type { Rule } from './status.ts';

/** Which line a check waits in: what an alert depends on never waits behind freshness. */
export type CheckLane = 'checks.deadline' | 'checks.fresh';

export const checkReasons = ['deadline', 'fresh', 'recovery', 'manual', 'first_look', 'retry'] as const;

/**
 * Why a profile is looked at next.
 * - `deadline`: an alert (or the end of one that could be missed) depends on it
 * - `fresh`: so that "last seen" stays current
 * - `recovery`: to see whether a silent or vanished account is back
 * - `manual`: somebody asked
 * - `first_look`: nobody looked yet
 * - `retry`: the last look brought no evidence
 */
export type CheckReason = (typeof checkReasons)[number];

export interface NextCheck {
  readonly at: Milliseconds;
  /** `null`: it stays in the lane in which it is. */
  readonly lane: CheckLane | null;
  readonly reason: Exclude<CheckReason, 'manual' | 'first_look'>;
}

/** The policy of a profile as far as looking is concerned. */
export interface WatchRule extends Rule {
  /** "Last seen" is never older than this while the budget lasts. */
  readonly freshness: Milliseconds;
  /** How much more than an ordinary profile's its freshness is worth; 1 is ordinary, 4 halves the interval. */
  readonly weight: number;
}

/** How eagerly to look. All in milliseconds. */
export interface Pace {
  /** Two looks must agree before an alert; the first comes this long before the deadline, so that the second falls on it. */
  readonly confirmDelay: Milliseconds;
  /** K of the square-root rule: the interval of a profile that posts once a day. Infinity buys no freshness at all. */
  readonly freshnessK: Milliseconds;
  /** Freshness is never bought more often than this. */
  readonly freshnessFloor: Milliseconds;
  /** The wait after a look without evidence; it doubles with each in a row, up to retryCap. */
  readonly retryBase: Milliseconds;
  readonly retryCap: Milliseconds;
}

/** What the last look left. */
export interface Outlook {
  readonly checkedAt: Milliseconds;
  readonly lastActivityAt: Milliseconds;
  readonly deadline: Milliseconds;
  /** The first of the two agreeing looks, if it has been taken. */
  readonly suspectedAt: Milliseconds | null;
  readonly alertOpen: boolean;
  /** Average posts per day; `null` when X did not say. */
  readonly postsPerDay: number | null;
  /** Nobody had looked before. */
  readonly isFirst: boolean;
}

/** The share of a freshness interval by which chance shortens it, so that what was done together does not stay together. */
const jitter = 0.1;

/**
 * How long "last seen" may stay as it is: K / sqrt(weight × posts per day to expect), at most the group's freshness.
 * Minimising the mean delay until a post is seen, for a given number of checks, makes the check rate
 * proportional to the square root of the posting rate (Sia & Cho, "Fast News Alerts", TKDE 2007).
 */
export function freshnessInterval(
  seen: { readonly postsPerDay: number | null; readonly idle: Milliseconds },
  rule: WatchRule,
  pace: Pace,
): Milliseconds {
  const byRate = pace.freshnessK / Math.sqrt(rule.weight * expectedRate(seen.postsPerDay, seen.idle));
  return Math.min(rule.freshness, Math.max(byRate, pace.freshnessFloor));
}

/**
 * Activity after an alert is found by looking again after a tenth of the idle time, at most a threshold later. Within
 * the budget: never more often than an ordinary profile that posts daily.
 */
export function recoveryInterval(idle: Milliseconds, rule: WatchRule, pace: Pace): Milliseconds {
  const affordable = pace.freshnessK / Math.sqrt(rule.weight);
  return Math.max(Math.min(rule.threshold, idle / 10), affordable, pace.freshnessFloor);
}

/** The next look at an account that shows its posts. `random` in [0, 1) moves freshness and recovery, never a deadline. */
export function nextCheck(seen: Outlook, rule: WatchRule, pace: Pace, random: number): NextCheck {
  const look = deadlineLook(seen, rule, pace);
  const idle = seen.checkedAt - seen.lastActivityAt;
  const fresh = freshnessInterval({ postsPerDay: seen.postsPerDay, idle }, rule, pace);
  const wanted = seen.alertOpen ? Math.min(fresh, recoveryInterval(idle, rule, pace)) : fresh;
  const at = seen.checkedAt + Math.max(pace.freshnessFloor, wanted * spread(seen.isFirst, random));
  if (look <= at) return { at: look, lane: 'checks.deadline', reason: 'deadline' };
  return { at, lane: 'checks.fresh', reason: seen.alertOpen ? 'recovery' : 'fresh' };
}

/**
 * Profiles that were imported together are looked at together once; their second looks are spread over the whole
 * interval, or a million silent ones would come due within the same minutes for ever.
 */
function spread(isFirst: boolean, random: number): number {
  return isFirst ? Math.max(0.01, random) : 1 - jitter * random;
}

/**
 * First look: confirmDelay before the deadline. Confirming look: at the deadline, but never sooner than confirmDelay
 * after the first.
 */
function deadlineLook(seen: Outlook, rule: WatchRule, pace: Pace): Milliseconds {
  if (seen.alertOpen) return rearmingLook(seen, rule, pace);
  if (seen.suspectedAt === null) return seen.deadline - pace.confirmDelay;
  return Math.max(seen.deadline, seen.suspectedAt + pace.confirmDelay);
}

/**
 * While an alert is open the deadline is that of the next one, should the profile be back and silent again at once.
 * The first look leads it by confirmDelay only because the profile may have come back within that very minute after the
 * last look. Once that is unlikely the lead is dropped, or long silent profiles would be looked at ever a little sooner.
 * On the shared trace (30 windows of 120 days, 11 thresholds, 358,000 alerts) dropping it made none missed or late that
 * was not with it, and saved up to a quarter of the looks where the window is a multiple of the threshold. An age of a
 * week alone does not do: weekly posters meet a threshold of 7 days to the minute (an alert missed in four windows).
 * At least half of the silence passes between two looks, however short the silence.
 */
function rearmingLook(seen: Outlook, rule: WatchRule, pace: Pace): Milliseconds {
  const idle = seen.checkedAt - seen.lastActivityAt;
  const silence = rule.threshold + rule.grace;
  const isLongGone = idle > Math.max(3 * silence, 10_000 * pace.confirmDelay);
  return Math.max(seen.deadline - (isLongGone ? 0 : pace.confirmDelay), seen.checkedAt + silence / 2);
}

/**
 * The next look at an account that shows nothing. When it comes back its last activity may be as old as the last look,
 * so looking again within threshold + grace is early enough for any alert.
 */
export function nextCheckOfGone(
  seen: { readonly checkedAt: Milliseconds; readonly stateSince: Milliseconds },
  rule: WatchRule,
  pace: Pace,
  random: number,
): NextCheck {
  const deadline = { lane: 'checks.deadline', reason: 'deadline' } as const;
  const confirmed = seen.checkedAt - seen.stateSince >= pace.confirmDelay;
  if (!confirmed) return { at: seen.stateSince + pace.confirmDelay, ...deadline };
  const alertBound = Math.max(rule.threshold + rule.grace - pace.confirmDelay, pace.freshnessFloor);
  const fresh = Math.max(rule.freshness * spread(false, random), pace.freshnessFloor);
  if (alertBound <= fresh) return { at: seen.checkedAt + alertBound, ...deadline };
  return { at: seen.checkedAt + fresh, lane: 'checks.fresh', reason: 'recovery' };
}

/** Capped exponential backoff with full jitter on its upper half: `random` in [0, 1) spreads a batch that failed together. */
export function retryDelay(failures: number, random: number, pace: Pace): Milliseconds {
  const longest = Math.min(pace.retryCap, pace.retryBase * 2 ** Math.min(failures - 1, 30));
  return longest * (0.5 + random / 2);
}
