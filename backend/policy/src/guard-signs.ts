import type { Counts } from './guard-counts.ts';
import type { Milliseconds } from './observation.ts';

/** What the assessment looks at. Times by the database's clock. */
export interface View {
  /** The sums of the last two to three minutes. */
  readonly recent: Counts;
  /** The sums of the day before, without the minutes in which the source was not normal. */
  readonly baseline: Counts & {
    readonly minutes: number;
    /** How far the newest post seen usually lies back: the 90th percentile of each minute's worst. */
    readonly usualLag: Milliseconds | null;
  };
  /** The newest post seen in any answer. */
  readonly watermark: Milliseconds | null;
  readonly lastOkAt: Milliseconds | null;
  /** Since when every call has failed, and how the last one did; `null` when the last one succeeded. */
  readonly failing: { readonly since: Milliseconds; readonly as: string } | null;
  readonly canaries: readonly Canary[];
  /** How many different profiles were seen to be active within a day; counted up to 50. */
  readonly posters: number;
}

/** A profile that is known to post often. */
export interface Canary {
  readonly lastActivityAt: Milliseconds | null;
  readonly checkedAt: Milliseconds | null;
  /** The longest of its last gaps; `null` while too few were seen. */
  readonly usualGap: Milliseconds | null;
}

export interface SignSettings {
  /** What a minute is: the width of the buckets that are counted in. */
  readonly minute: Milliseconds;
  /** The watermark is demanded where it usually lags no more than this. */
  readonly quiet: Milliseconds;
  /** A canary is silent after so many of its usual gaps. */
  readonly canaryGaps: number;
}

export type Severity = 'suspect' | 'incident';

/** Something that speaks against the source, in words. */
export interface Sign {
  readonly severity: Severity;
  readonly words: string;
}

/** Every sign that there is now. */
export function signsOf(view: View, demanded: boolean, now: Milliseconds, settings: SignSettings): Sign[] {
  const signs = [
    failingSign(view, now, settings),
    ...shareSigns(view),
    lagSign(view, demanded, now, settings),
    standstillSign(view, now, settings),
    canarySign(view, now, settings),
  ];
  return signs.filter(sign => sign !== null);
}

/** No answer at all for two minutes: an outage, used up credit, a refused token. Nothing is judged then, but it must be said. */
function failingSign({ failing }: View, now: Milliseconds, { minute }: SignSettings): Sign | null {
  if (failing === null || now - failing.since < minute) return null;
  const severity = now - failing.since < 2 * minute ? 'suspect' : 'incident';
  return { severity, words: `X has not answered for ${inWords(now - failing.since)}: ${failing.as}` };
}

interface Share {
  readonly part: keyof Counts;
  readonly of: keyof Counts;
  /** So many are needed before a share means anything: one odd profile is not the source. */
  readonly least: number;
  /** Suspected above this share, or above this many times the usual share, whichever is more. */
  readonly share: number;
  readonly times: number;
  readonly words: (share: string, usual: string) => string;
}

/**
 * Shares that a healthy source keeps low, each against its own baseline. The absolute floors are far above what single
 * faults cause (with a tenth of all calls answered wrongly in every known way, missing fields stay below 1 %).
 */
const shares: readonly Share[] = [
  {
    part: 'missing',
    of: 'shown',
    least: 10,
    share: 0.2,
    times: 4,
    words: (share, usual) => `${share} of the profiles come without their last post (usually ${usual})`,
  },
  {
    part: 'unanswered',
    of: 'looks',
    least: 20,
    share: 0.4,
    times: 4,
    words: (share, usual) => `${share} of the profiles are left out or unreadable (usually ${usual})`,
  },
  {
    part: 'regressed',
    of: 'again',
    least: 10,
    share: 0.1,
    times: 5,
    words: (share, usual) => `${share} of the profiles show an older post than before (usually ${usual})`,
  },
  {
    part: 'gone',
    of: 'looks',
    least: 20,
    share: 0.1,
    times: 10,
    words: (share, usual) =>
      `${share} of the profiles are suddenly suspended, protected or gone (usually ${usual})`,
  },
  {
    part: 'due',
    of: 'looks',
    least: 30,
    share: 0.1,
    times: 5,
    words: (share, usual) => `${share} of the looks would raise an alert (usually ${usual})`,
  },
];

function shareSigns({ recent, baseline }: View): (Sign | null)[] {
  return shares.map(({ part, of, least, share, times, words }) => {
    if (recent[part] < least) return null;
    const now = recent[part] / Math.max(recent[of], 1);
    const usual = baseline[part] / Math.max(baseline[of], 1);
    const limit = Math.min(0.9, Math.max(share, usual * times));
    if (now < limit) return null;
    const severity = now >= Math.min(0.9, limit * 2) ? 'incident' : 'suspect';
    return { severity, words: words(percent(now), percent(usual)) };
  });
}

/** Profiles are looked at, and nobody's post is newer than long ago: the world stands still. */
function lagSign(view: View, demanded: boolean, now: Milliseconds, { quiet }: SignSettings): Sign | null {
  const { usualLag } = view.baseline;
  if (!demanded || usualLag === null || view.recent.again < 5) return null;
  const lag = now - (view.watermark ?? 0);
  const limit = Math.max(quiet, 3 * usualLag);
  if (lag < limit) return null;
  const severity = lag < 2 * limit ? 'suspect' : 'incident';
  return {
    severity,
    words: `the newest post that X has shown is ${inWords(lag)} old (usually ${inWords(usualLag)})`,
  };
}

/**
 * The same, seen sooner where there are many looks: with p the usual share of looks that find a newer post, n looks
 * without any have the probability (1 − p)^n < e^(−np), which is below 1e-8 from np = 20 on.
 */
function standstillSign(view: View, now: Milliseconds, { minute }: SignSettings): Sign | null {
  const { recent, baseline, watermark } = view;
  const usual = baseline.fresh / Math.max(baseline.again, 1);
  const expected = recent.again * usual;
  const moves = watermark !== null && now - watermark < 2 * minute;
  if (baseline.minutes < enoughMinutes || expected < 20 || recent.fresh > expected / 10 || moves) return null;
  const words = `${recent.fresh} of ${recent.again} looks found a newer post (usually ${Math.round(expected)})`;
  return { severity: 'suspect', words };
}

/** A silent canary is suspicious when at least half of them are silent; all of them (at least two) are an incident. */
function canarySign(
  { canaries }: View,
  now: Milliseconds,
  { minute, canaryGaps }: SignSettings,
): Sign | null {
  const silent = canaries.filter(canary => isSilent(canary, now, minute, canaryGaps));
  if (silent.length === 0 || silent.length * 2 < canaries.length) return null;
  const severity = silent.length === canaries.length && silent.length > 1 ? 'incident' : 'suspect';
  const words = `${silent.length} of ${canaries.length} canaries are silent beyond ${canaryGaps} times their usual gap`;
  return { severity, words };
}

/** Silence counts only as far as somebody looked. */
export function isSilent(canary: Canary, now: Milliseconds, minute: Milliseconds, gaps: number): boolean {
  const { lastActivityAt, checkedAt, usualGap } = canary;
  if (lastActivityAt === null || checkedAt === null || usualGap === null) return false;
  return Math.min(now, checkedAt) - lastActivityAt > gaps * Math.max(usualGap, minute);
}

/** Below this, a baseline is no baseline: absolute defaults apply. */
export const enoughMinutes = 10;

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}

function inWords(ms: Milliseconds): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
