import type { Judgment, Known } from './judgment.ts';
import type { Milliseconds, Observation } from './observation.ts';

/** What a batch of looks says of the source itself, rather than of any one profile. Sums: batches, minutes and days add up. */
export interface Counts {
  /** Profiles that were asked about. */
  readonly looks: number;
  /** Of these: shown, in a form that can be read. */
  readonly shown: number;
  /** Of the shown: without their last post, although there are posts. */
  readonly missing: number;
  /** Of the shown: seen before, with their last post. Only these can show whether the world moves. */
  readonly again: number;
  /** Of those seen again: with a newer post than before. */
  readonly fresh: number;
  /** Of those seen again: with an older post than before, as after a deletion, or when the source fell back in time. */
  readonly regressed: number;
  /** Neither shown nor explained, in an answer that came: not in it, or unreadable. */
  readonly unanswered: number;
  /** Seen before and now suspended, protected or not found. */
  readonly gone: number;
  /** Inactivity that became true just now. Not: what was late, or true when the watch began. */
  readonly due: number;
  readonly opened: number;
  /** Alerts that would have opened, had the source been trusted. */
  readonly held: number;
}

export const noCounts: Counts = {
  looks: 0,
  shown: 0,
  missing: 0,
  again: 0,
  fresh: 0,
  regressed: 0,
  unanswered: 0,
  gone: 0,
  due: 0,
  opened: 0,
  held: 0,
};

/** Every count, by the name that it has in the database, too. */
export const countNames = Object.keys(noCounts) as readonly (keyof Counts)[];

export function sumOf(all: Iterable<Counts>): Counts {
  const sum: { -readonly [Name in keyof Counts]: number } = { ...noCounts };
  for (const one of all) for (const name of countNames) sum[name] += one[name];
  return sum;
}

/** One look at one profile, with what became of it. */
export interface Looked {
  readonly known: Known;
  readonly observation: Observation;
  /** After alerts were held back. */
  readonly judgment: Judgment;
  readonly held: Judgment['opened'];
  readonly observedAt: Milliseconds;
  /** Inactivity that became true longer ago than this comes from our own backlog, and says nothing of the source. */
  readonly onTime: Milliseconds;
}

export function countsOf(looked: Looked): Counts {
  const { known, observation, judgment, held } = looked;
  const shown = observation.kind === 'seen' && !observation.protected;
  const missing = shown && observation.lastPost.kind === 'missing';
  const again = shown && !missing && known.checkedAt !== null;
  const step = again ? stepOf(known, observation) : 0;
  const lost = judgment.state.accountState !== known.accountState && judgment.state.accountState !== 'ok';
  const unanswered = observation.kind === 'unknown' && observation.reason !== 'request_failed';
  return {
    looks: 1,
    shown: one(shown),
    missing: one(missing),
    again: one(again),
    fresh: one(step > 0),
    regressed: one(step < 0),
    unanswered: one(unanswered && observation.reason !== 'invalid_reference'),
    gone: one(known.accountState === 'ok' && lost),
    due: one(isNewlyDue(looked)),
    opened: judgment.opened.length,
    held: held.length,
  };
}

/** The newest post that an answer names, in milliseconds. A clock of X that runs ahead of ours proves no more than our own. */
export function newestPost(observations: readonly Observation[], observedAt: Milliseconds): number | null {
  let newest: number | null = null;
  for (const observation of observations) {
    if (observation.kind !== 'seen' || observation.lastPost.kind !== 'at') continue;
    newest = Math.max(newest ?? 0, Math.min(observation.lastPost.at, observedAt));
  }
  return newest;
}

/** Whether the last post shown is newer (1) or older (-1) than the one that is known. */
function stepOf(known: Known, observation: Observation): number {
  if (observation.kind !== 'seen' || observation.lastPost.kind !== 'at' || known.lastPostId === null)
    return 0;
  const shown = BigInt(observation.lastPost.id);
  const before = BigInt(known.lastPostId);
  return shown > before ? 1 : shown < before ? -1 : 0;
}

/** An alert that was held before is due once: what looks again and again must not look like a flood. */
function isNewlyDue({ known, judgment, held, observedAt, onTime }: Looked): boolean {
  const alerts = [...judgment.opened, ...held];
  const alert = alerts.find(({ kind, baseline }) => kind === 'inactivity' && !baseline);
  if (alert === undefined || observedAt - alert.becameTrueAt > onTime) return false;
  return known.checkedAt === null || known.checkedAt < alert.becameTrueAt;
}

function one(holds: boolean): number {
  return holds ? 1 : 0;
}
