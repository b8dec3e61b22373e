import type { Activity, ActivityKind, Known } from './judgment.ts';
import type { Milliseconds, Seen } from './observation.ts';

/** The first snowflake's epoch. An older post has no time in its id: "before November 2010" is taken as this instant. */
const snowflakeEpoch: Milliseconds = 1_288_834_974_657;

export interface Evidence {
  readonly activities: readonly Activity[];
  /** The latest activity that this look proves, or `null` when it proves none. */
  readonly latest: Milliseconds | null;
}

/** What one look proves: the newest post with its exact time, and acts that are seen only as a rise since the last look. */
export function evidenceOf(known: Known, seen: Seen, observedAt: Milliseconds): Evidence {
  const activities = [...newPost(known, seen), ...changes(known, seen, observedAt)];
  const times = [floorOf(seen), ...activities.map(activity => activity.occurredAt)];
  const proven = times.filter(time => time !== null);
  return { activities, latest: proven.length > 0 ? Math.max(...proven) : null };
}

/** The account's own word on its last post. An account that never posted has been silent since it was made. */
function floorOf(seen: Seen): Milliseconds | null {
  if (seen.lastPost.kind === 'at') return seen.lastPost.at;
  if (seen.lastPost.kind === 'before_2010') return snowflakeEpoch;
  return seen.lastPost.kind === 'none' ? seen.createdAt : null;
}

function newPost(known: Known, seen: Seen): Activity[] {
  if (seen.lastPost.kind !== 'at' || !isNewerPost(known, seen)) return [];
  return [{ kind: 'post', occurredAt: seen.lastPost.at, windowFrom: null, postId: seen.lastPost.id }];
}

function isNewerPost(known: Known, seen: Seen): boolean {
  if (seen.lastPost.kind !== 'at') return false;
  return known.lastPostId === null || BigInt(seen.lastPost.id) > BigInt(known.lastPostId);
}

/**
 * Acts without a time of their own happened somewhere between the two looks. The end of that window is taken:
 * an alert may come late by it, but is never false. Only a rise is evidence, because others can make a count fall.
 */
function changes(known: Known, seen: Seen, observedAt: Milliseconds): Activity[] {
  if (known.checkedAt === null) return [];
  const happened: Record<ActivityKind, boolean> = {
    post: rose(known.postCount, seen.postCount) && !isNewerPost(known, seen),
    like: rose(known.likeCount, seen.likeCount),
    follow: rose(known.followingCount, seen.followingCount),
    profile_change:
      known.profileHash !== null && seen.profileHash !== null && known.profileHash !== seen.profileHash,
  };
  const window = { occurredAt: observedAt, windowFrom: known.checkedAt, postId: null };
  const kinds = Object.keys(happened) as ActivityKind[];
  return kinds.filter(kind => happened[kind]).map(kind => ({ kind, ...window }));
}

function rose(before: number | null, after: number | null): boolean {
  return before !== null && after !== null && after > before;
}

/**
 * The counts to remember. A look that shows an older post than is known may be of an older world altogether (X answers
 * from caches): then a fall is not believed, because its return would look like an act of somebody who did nothing.
 */
export function believedCounts(known: Known, seen: Seen) {
  const isOlder =
    seen.lastPost.kind === 'at' &&
    known.lastPostId !== null &&
    BigInt(seen.lastPost.id) < BigInt(known.lastPostId);
  const believed = (before: number | null, shown: number | null) =>
    isOlder && before !== null ? Math.max(before, shown ?? before) : (shown ?? before);
  return {
    postCount: believed(known.postCount, seen.postCount),
    likeCount: believed(known.likeCount, seen.likeCount),
    followingCount: believed(known.followingCount, seen.followingCount),
  };
}
