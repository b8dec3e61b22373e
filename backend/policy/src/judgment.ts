import type { NextCheck, WatchRule } from './next-check.ts';
import type { Milliseconds } from './observation.ts';
import type { AccountState } from './status.ts';

export type AlertKind = 'inactivity' | 'suspended' | 'protected' | 'not_found' | 'renamed';
export type ActivityKind = 'post' | 'like' | 'follow' | 'profile_change';

/** What is known of a profile before a look: its rows. */
export interface Known extends Remembered {
  readonly profileId: string;
  readonly handle: string | null;
  readonly name: string | null;
  readonly watchedSince: Milliseconds;
  readonly rule: WatchRule;
  readonly unresolvedAlerts: readonly AlertKind[];
}

/** What a look may change of it. */
export interface Remembered {
  readonly accountState: AccountState;
  readonly stateSince: Milliseconds | null;
  readonly checkedAt: Milliseconds | null;
  readonly lastActivityAt: Milliseconds | null;
  readonly lastPostId: string | null;
  readonly suspectedAt: Milliseconds | null;
  readonly postCount: number | null;
  readonly likeCount: number | null;
  readonly followingCount: number | null;
  readonly profileHash: string | null;
  /** Recent average: see `rateAfterLook`. */
  readonly postsPerDay: number | null;
  /** Looks in a row that brought no evidence. */
  readonly failures: number;
}

/** What is remembered after a look. */
export interface State extends Remembered {
  /** The earliest time at which an alert could become true; `null` while there is nothing to reckon from. */
  readonly deadline: Milliseconds | null;
}

export interface Activity {
  readonly kind: ActivityKind;
  /** Exact for a post with an id; otherwise the end of the window in which it happened. */
  readonly occurredAt: Milliseconds;
  /** The start of that window; `null` when the time is exact. */
  readonly windowFrom: Milliseconds | null;
  readonly postId: string | null;
}

export interface NewAlert {
  readonly kind: AlertKind;
  readonly baseline: boolean;
  readonly becameTrueAt: Milliseconds;
  readonly silentSince: Milliseconds | null;
  readonly suspectedAt: Milliseconds;
  readonly confirmedAt: Milliseconds;
  readonly formerHandle: string | null;
  readonly newHandle: string | null;
}

export interface Resolution {
  readonly kind: AlertKind;
  /** The activity that ended it, where one did. */
  readonly activityAt: Milliseconds | null;
}

/** Everything that one look decides about one profile. */
export interface Judgment {
  readonly state: State;
  readonly next: NextCheck;
  readonly activities: readonly Activity[];
  readonly opened: readonly NewAlert[];
  readonly resolved: readonly Resolution[];
  /** The handle and name as X spells them now; `null` when nothing changed or nothing was said. */
  readonly identity: { readonly handle: string; readonly name: string | null } | null;
}
