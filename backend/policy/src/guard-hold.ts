import type { Judgment, NewAlert } from './judgment.ts';
import type { Milliseconds } from './observation.ts';

export const sourceHealths = ['normal', 'suspect', 'incident', 'recovering'] as const;
/** How far X itself is trusted: see guard.ts. */
export type SourceHealth = (typeof sourceHealths)[number];

/** What is known of the source when a look begins. */
export interface Source {
  readonly health: SourceHealth;
  /** Since when it is in that health, by the database's clock. */
  readonly since: Milliseconds;
  /** Whether an alert needs a newer post of somebody else as proof that the source moves. */
  readonly demanded: boolean;
  /** The time of the newest post seen in any answer that came before X was asked, or in this very answer. */
  readonly watermark: Milliseconds | null;
}

/** How soon a profile whose alert was held is looked at again. */
export interface Relook {
  readonly observedAt: Milliseconds;
  readonly least: Milliseconds;
  readonly most: Milliseconds;
}

export interface HeldBack {
  readonly judgment: Judgment;
  readonly held: readonly NewAlert[];
}

/**
 * Takes from a judgment the alerts that the source cannot be trusted with. To hold is not to judge: nothing is kept that
 * could later be released wrongly. The first look stays remembered, the profile is looked at again, and the alert opens
 * from that fresh look, or from a later one.
 */
export function holdBack(judgment: Judgment, source: Source, relook: Relook): HeldBack {
  const held = judgment.opened.filter(alert => !mayOpen(alert, source, relook.observedAt));
  const [first] = held;
  if (first === undefined) return { judgment, held };
  const inactivity = held.find(alert => alert.kind === 'inactivity');
  const renamed = held.some(alert => alert.kind === 'renamed');
  const at = Math.min(judgment.next.at, relook.observedAt + waitOf(first, relook));
  const untold: Judgment = {
    ...judgment,
    opened: judgment.opened.filter(alert => !held.includes(alert)),
    // A new handle that nobody was told of must still be new at the next look.
    identity: renamed ? null : judgment.identity,
    state: inactivity ? { ...judgment.state, deadline: inactivity.becameTrueAt } : judgment.state,
    next: { at, lane: 'checks.deadline', reason: 'deadline' },
  };
  return { judgment: untold, held };
}

/**
 * An alert says that nothing happened until `becameTrueAt`. A source that is frozen at F shows nothing newer than F. So if
 * it has shown *anybody's* post of at least `becameTrueAt` by the time it was asked, then F lies behind that instant, and
 * the silence it shows is real. This holds from the first instant of a freeze, however long it stays undetected.
 *
 * No profile proves its own silence: a post of its own at or after its deadline moves the deadline behind that post.
 * A rename becomes true when it is seen, so nothing can be newer; it needs the source's health only.
 */
function mayOpen(alert: NewAlert, source: Source, observedAt: Milliseconds): boolean {
  if (source.health !== 'normal' || observedAt < source.since) return false;
  if (!source.demanded || alert.kind === 'renamed') return true;
  return source.watermark !== null && source.watermark >= alert.becameTrueAt;
}

/** Half as long again as the alert is late already: a hold of any length costs looks by its logarithm only. */
function waitOf(alert: NewAlert, { observedAt, least, most }: Relook): Milliseconds {
  return Math.max(least, Math.min(most, (observedAt - alert.becameTrueAt) / 2));
}
