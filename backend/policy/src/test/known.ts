import type { Known } from '../judgment.ts';
import type { Pace } from '../next-check.ts';
import type { Seen } from '../observation.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;
/** Any instant: times in tests count from here. */
export const start = Date.UTC(2026, 0, 1);

export const pace: Pace = {
  confirmDelay: minute,
  freshnessK: day,
  freshnessFloor: minute,
  retryBase: 5_000,
  retryCap: 15 * minute,
};

/** A profile that nobody has looked at yet. */
export function unseen(overrides: Partial<Known> = {}): Known {
  return {
    profileId: '12',
    handle: 'jack',
    name: null,
    watchedSince: start,
    rule: { threshold: 7 * day, grace: day, freshness: day, weight: 1 },
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
    ...overrides,
  };
}

/** What X shows of an account whose newest post was made at `at`; `count` is the number of its posts. */
export function posted(at: number, count = 1, overrides: Partial<Seen> = {}): Seen {
  return {
    kind: 'seen',
    id: '12',
    handle: 'jack',
    name: null,
    createdAt: start - 1_000 * day,
    protected: false,
    lastPost: { kind: 'at', id: String((BigInt(at - 1_288_834_974_657) << 22n) + 1n), at },
    postCount: count,
    likeCount: 5,
    followingCount: 5,
    profileHash: 'a',
    ...overrides,
  };
}
