import { deadlineOf } from './deadline.ts';
import { believedCounts, evidenceOf } from './evidence.ts';
import type {
  Activity,
  AlertKind,
  Judgment,
  Known,
  NewAlert,
  Remembered,
  Resolution,
  State,
} from './judgment.ts';
import { nextCheck, nextCheckOfGone, type Pace, retryDelay } from './next-check.ts';
import type { Gone, Milliseconds, Observation, Seen } from './observation.ts';
import { lifetimeRate, rateAfterLook } from './rate.ts';

/** The circumstances of a look. */
export interface Look {
  /** By the database's clock, taken before X was asked: what X showed is at least this recent. */
  readonly observedAt: Milliseconds;
  readonly pace: Pace;
  /** In [0, 1): spreads retries, and the looks that freshness asks for. */
  readonly random: number;
  /** X cannot be asked again sooner than this. */
  readonly notBefore?: Milliseconds;
}

/** Decides what one observation means for one profile. Pure: values in, values out. */
export function judge(known: Known, observation: Observation, look: Look): Judgment {
  if (observation.kind === 'unknown') return judgeUnknown(known, look);
  if (observation.kind !== 'seen') return judgeGone(known, observation.kind, null, look);
  if (observation.protected) return judgeGone(known, 'protected', observation, look);
  return judgeSeen(known, observation, look);
}

/** No evidence: nothing that is known changes, except that we look again soon. */
function judgeUnknown(known: Known, look: Look): Judgment {
  const failures = Math.min(known.failures + 1, 1_000);
  const at = look.observedAt + retryDelay(failures, look.random, look.pace);
  return {
    state: { ...remembered(known), failures, deadline: deadlineNow(known) },
    next: { at: Math.max(at, look.notBefore ?? 0), lane: null, reason: 'retry' },
    activities: [],
    opened: [],
    resolved: [],
    identity: null,
  };
}

/** Suspended, protected and not found are states of their own: never inactive, and confirmed by a second look like everything else. */
function judgeGone(known: Known, state: Gone['kind'] | 'protected', seen: Seen | null, look: Look): Judgment {
  const { observedAt, pace } = look;
  const stateSince = known.accountState === state ? (known.stateSince ?? observedAt) : observedAt;
  const confirmed = observedAt - stateSince >= pace.confirmDelay;
  const raise = confirmed && !known.unresolvedAlerts.includes(state);
  return {
    state: {
      ...remembered(known),
      accountState: state,
      stateSince,
      checkedAt: observedAt,
      suspectedAt: null,
      failures: 0,
      deadline: null,
    },
    next: nextCheckOfGone({ checkedAt: observedAt, stateSince }, known.rule, pace, look.random),
    activities: [],
    opened: [
      ...(raise ? [stateAlert(known, state, stateSince, observedAt)] : []),
      ...renamedAlert(known, seen, look),
    ],
    resolved: endedStates(known, state),
    identity: seen && identityOf(known, seen),
  };
}

function judgeSeen(known: Known, seen: Seen, look: Look): Judgment {
  const { activities, latest } = evidenceOf(known, seen, look.observedAt);
  // A look that does not show the last post proves nothing, not even that there was none. What else it shows
  // will still be there at the next one, then with exact times.
  if (latest === null || seen.lastPost.kind === 'missing') return judgeUnknown(known, look);
  const lastActivityAt = Math.max(latest, known.lastActivityAt ?? latest);
  const silence = judgeSilence(known, lastActivityAt, look);
  const now = { ...silence, checkedAt: look.observedAt, lastActivityAt };
  const deadline = deadlineOf(now, known.rule);
  const counts = countsOf(known, seen, { activities, now: look.observedAt });
  const outlook = { ...now, deadline, postsPerDay: counts.postsPerDay, isFirst: known.checkedAt === null };
  return {
    state: {
      ...counts,
      accountState: 'ok',
      stateSince: known.accountState === 'ok' ? known.stateSince : look.observedAt,
      checkedAt: look.observedAt,
      lastActivityAt,
      suspectedAt: silence.suspectedAt,
      failures: 0,
      deadline,
    },
    next: nextCheck(outlook, known.rule, look.pace, look.random),
    activities,
    opened: [...silence.opened, ...renamedAlert(known, seen, look)],
    resolved: [...silence.resolved, ...endedStates(known, 'ok')],
    identity: identityOf(known, seen),
  };
}

interface Silence {
  readonly suspectedAt: Milliseconds | null;
  readonly alertOpen: boolean;
  readonly opened: readonly NewAlert[];
  readonly resolved: readonly Resolution[];
}

/**
 * The alert decision. It opens only on a successful look at or past the deadline that shows nothing newer, and only if
 * another look, at least confirmDelay earlier and near the same deadline, agreed.
 */
function judgeSilence(known: Known, lastActivityAt: Milliseconds, { observedAt, pace }: Look): Silence {
  const newer = known.lastActivityAt === null || lastActivityAt > known.lastActivityAt;
  const deadline = lastActivityAt + known.rule.threshold + known.rule.grace;
  const suspicious = observedAt >= deadline - pace.confirmDelay;
  const suspectedAt = suspicious ? (newer ? observedAt : (known.suspectedAt ?? observedAt)) : null;
  const wasOpen = known.unresolvedAlerts.includes('inactivity');
  // It ends with newer activity, or when the policy became more patient than the silence is long.
  const ends = wasOpen && (newer || observedAt < deadline);
  const resolved: Resolution[] = ends
    ? [{ kind: 'inactivity', activityAt: newer ? lastActivityAt : null }]
    : [];
  const confirmed =
    suspectedAt !== null && observedAt >= deadline && observedAt - suspectedAt >= pace.confirmDelay;
  const opens = confirmed && !wasOpen;
  const opened = opens ? [inactivityAlert(known, lastActivityAt, deadline, suspectedAt, observedAt)] : [];
  return { suspectedAt, alertOpen: opens || (wasOpen && !ends), opened, resolved };
}

function inactivityAlert(
  known: Known,
  silentSince: Milliseconds,
  deadline: Milliseconds,
  suspectedAt: Milliseconds,
  confirmedAt: Milliseconds,
): NewAlert {
  return {
    kind: 'inactivity',
    baseline: deadline <= known.watchedSince,
    becameTrueAt: deadline,
    silentSince,
    suspectedAt,
    confirmedAt,
    formerHandle: null,
    newHandle: null,
  };
}

function stateAlert(known: Known, kind: AlertKind, since: Milliseconds, confirmedAt: Milliseconds): NewAlert {
  return {
    kind,
    // The first look at this profile already showed it so.
    baseline: known.checkedAt !== null && known.lastActivityAt === null && known.checkedAt <= since,
    becameTrueAt: since,
    silentSince: known.lastActivityAt,
    suspectedAt: since,
    confirmedAt,
    formerHandle: null,
    newHandle: null,
  };
}

/** The account goes by another handle than the one that is stored. Its id is its identity, so it stays the same profile. */
function renamedAlert(known: Known, seen: Seen | null, { observedAt }: Look): NewAlert[] {
  if (seen === null || known.handle === null || sameHandle(known.handle, seen.handle)) return [];
  const at = { becameTrueAt: observedAt, suspectedAt: observedAt, confirmedAt: observedAt };
  const names = { formerHandle: known.handle, newHandle: seen.handle };
  return [{ kind: 'renamed', baseline: false, silentSince: null, ...at, ...names }];
}

/** An alert about a state ends when the account is seen in another. */
function endedStates(known: Known, state: State['accountState']): Resolution[] {
  const states: readonly AlertKind[] = ['suspended', 'protected', 'not_found'];
  return known.unresolvedAlerts
    .filter(kind => states.includes(kind) && kind !== state)
    .map(kind => ({ kind, activityAt: null }));
}

function identityOf(known: Known, seen: Seen): Judgment['identity'] {
  const changed = known.handle !== seen.handle || (seen.name !== null && known.name !== seen.name);
  return changed ? { handle: seen.handle, name: seen.name } : null;
}

export function sameHandle(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function countsOf(known: Known, seen: Seen, look: { activities: readonly Activity[]; now: Milliseconds }) {
  return {
    lastPostId: newestPostId(known.lastPostId, seen),
    ...believedCounts(known, seen),
    profileHash: seen.profileHash ?? known.profileHash,
    postsPerDay: postsPerDayOf(known, seen, look),
  };
}

/** Deleting posts lowers their count, so a look that names a newer post saw one at least. */
function postsPerDayOf(
  known: Known,
  seen: Seen,
  { activities, now }: { activities: readonly Activity[]; now: Milliseconds },
): number | null {
  const rise = (seen.postCount ?? 0) - (known.postCount ?? seen.postCount ?? 0);
  const posts = Math.max(rise, activities.filter(activity => activity.kind === 'post').length);
  const prior = lifetimeRate(seen.postCount, seen.createdAt, now);
  return rateAfterLook({ before: known.postsPerDay, checkedAt: known.checkedAt, posts, prior }, now);
}

/** Never moves back: a post that vanished was still made. */
function newestPostId(known: string | null, seen: Seen): string | null {
  if (seen.lastPost.kind !== 'at') return known;
  return known !== null && BigInt(known) >= BigInt(seen.lastPost.id) ? known : seen.lastPost.id;
}

/** The deadline as it stands without a new look. */
function deadlineNow(known: Known): Milliseconds | null {
  if (known.accountState !== 'ok' || known.checkedAt === null || known.lastActivityAt === null) return null;
  const alertOpen = known.unresolvedAlerts.includes('inactivity');
  return deadlineOf(
    { alertOpen, checkedAt: known.checkedAt, lastActivityAt: known.lastActivityAt },
    known.rule,
  );
}

function remembered(known: Known): Remembered {
  const { accountState, stateSince, checkedAt, lastActivityAt, lastPostId, suspectedAt } = known;
  const { postCount, likeCount, followingCount, profileHash, postsPerDay, failures } = known;
  const times = { accountState, stateSince, checkedAt, lastActivityAt, lastPostId, suspectedAt };
  return { ...times, postCount, likeCount, followingCount, profileHash, postsPerDay, failures };
}
