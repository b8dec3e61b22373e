import type { SeededProfile } from '@app/database/seed/load-profiles';
import type { SeededGroup } from '@app/database/seed/seeded-groups';
import { judge } from '@app/policy/judge';
import type { Judgment, Known } from '@app/policy/judgment';
import type { Pace } from '@app/policy/next-check';
import { share } from '@app/simulator/hash';
import type { ActivitySource } from '@app/simulator/source';
import { observe } from './observe.ts';

/** Everything that the first looks at a profile depend on. */
export interface Looks {
  readonly source: ActivitySource;
  /** Of the simulator, and of what is left to chance here. */
  readonly seed: number;
  /** With their shares of the profiles. */
  readonly groups: readonly SeededGroup[];
  readonly pace: Pace;
  /** By the database's clock: all looks lie before it. */
  readonly now: number;
  /** Profiles are looked at for the first time within so many milliseconds. */
  readonly spread: number;
  /** Whether all are due, in any order, for up to an hour already. */
  readonly allDue: boolean;
}

const hour = 3_600_000;
/** What is left to chance, by name; the simulator uses the names below 200. */
export const chance = { firstLook: 201, group: 202, next: [203, 204], due: 205 } as const;

/**
 * A profile as the product itself would have left it: imported by its id, looked at once, and once more where the first
 * look asked for another to agree with it.
 */
export function seededProfile(id: number, looks: Looks): SeededProfile {
  const { seed, pace, now, spread, allDue } = looks;
  const began = now - spread - pace.confirmDelay - (allDue ? hour : 0);
  const group = groupAt(looks.groups, share(seed, id, chance.group));
  const unseen = unseenProfile(id, group, began - 1);
  const firstAt = began + Math.floor(spread * share(seed, id, chance.firstLook));
  const first = lookAt(unseen, firstAt, share(seed, id, chance.next[0]), looks);
  const judgments = [first];
  if (first.next.reason === 'deadline' && first.next.at <= firstAt + pace.confirmDelay) {
    judgments.push(lookAt(after(unseen, first), first.next.at, share(seed, id, chance.next[1]), looks));
  }
  const due = allDue ? now - Math.floor(hour * share(seed, id, chance.due)) : null;
  return left(id, group.groupId, { unseen, judgments, due });
}

function groupAt(groups: readonly SeededGroup[], at: number): SeededGroup {
  const group = groups.find(one => at < one.below);
  if (group === undefined) throw new RangeError('the shares of the groups do not add up to 1');
  return group;
}

function lookAt(known: Known, at: number, random: number, { source, pace }: Looks): Judgment {
  return judge(known, observe(source.account(known.profileId, at)), { observedAt: at, pace, random });
}

/** What is known after a first look. It opens no alert, because that needs two. */
function after(known: Known, { state, identity }: Judgment): Known {
  return { ...known, ...state, handle: identity?.handle ?? null, name: identity?.name ?? null };
}

interface Looked {
  readonly unseen: Known;
  readonly judgments: readonly Judgment[];
  /** Null: as the last look plans it. */
  readonly due: number | null;
}

/** What the looks left. Written out, because spreading objects takes a tenth of all the time. */
function left(id: number, groupId: number, { unseen, judgments, due }: Looked): SeededProfile {
  const last = judgments.at(-1) as Judgment;
  const identity = judgments.findLast(one => one.identity !== null)?.identity;
  const { at, lane, reason } = last.next;
  return {
    id,
    groupId,
    handle: identity?.handle ?? null,
    name: identity?.name ?? null,
    watchedSince: unseen.watchedSince,
    rule: unseen.rule,
    state: last.state,
    next: { at: due ?? at, lane: lane ?? 'checks.fresh', reason },
    looks: judgments.length,
    activities: judgments.length === 1 ? last.activities : judgments.flatMap(one => one.activities),
    opened: last.opened,
  };
}

function unseenProfile(id: number, { rule }: SeededGroup, watchedSince: number): Known {
  return {
    profileId: String(id),
    handle: null,
    name: null,
    watchedSince,
    rule,
    accountState: 'unseen',
    stateSince: null,
    checkedAt: null,
    lastActivityAt: null,
    lastPostId: null,
    suspectedAt: null,
    postCount: null,
    likeCount: null,
    followingCount: null,
    profileHash: null,
    postsPerDay: null,
    failures: 0,
    unresolvedAlerts: [],
  };
}
