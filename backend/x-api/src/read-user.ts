import type { LastPost, Milliseconds, Seen } from '@app/policy/observation';
import { z } from 'zod';
import { profileHash } from './profile-hash.ts';
import { snowflakeTime } from './snowflake.ts';

/** The clock against which a time from the future is told. */
export interface Moment {
  readonly now: Milliseconds;
  readonly skew: Milliseconds;
}

type Metrics = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Metrics {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Only `id`, `name` and `username` are default fields: whatever else is absent or odd must not cost us the rest. */
const wireUser = z.object({
  id: z.string().regex(/^[1-9][0-9]{0,18}$/),
  username: z.string().min(1),
  name: z.string().nullish().catch(undefined),
  created_at: z.string().nullish().catch(undefined),
  protected: z.boolean().nullish(),
  public_metrics: z.custom<Metrics>(isObject).nullish(),
  most_recent_tweet_id: z.unknown().optional(),
  most_recent_post_id: z.unknown().optional(),
});

type WireUser = z.infer<typeof wireUser>;

const isCount = (value: unknown): boolean =>
  (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) ||
  (typeof value === 'string' && /^[0-9]{1,15}$/.test(value));

/** The first name that holds a count; integers sometimes come with a `_str` twin, which is as good. */
const countOf = (metrics: Metrics, ...names: readonly string[]): number | null => {
  for (const name of names) {
    if (isCount(metrics[name])) return Number(metrics[name]);
    if (isCount(metrics[`${name}_str`])) return Number(metrics[`${name}_str`]);
  }
  return null;
};

const timeOf = (text: string | null | undefined): Milliseconds | null => {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? null : time;
};

/** The newest post that an id names; an id that cannot be true is no evidence. */
const readPostId = (id: unknown, moment: Moment): LastPost => {
  if (typeof id !== 'string') return { kind: 'missing' };
  const time = snowflakeTime(id, moment.now, moment.skew);
  if (time.kind === 'impossible') return { kind: 'missing' };
  return time.kind === 'at' ? { kind: 'at', id, at: time.at } : { kind: 'before_2010', id };
};

/**
 * A field of the other vocabulary is silently absent from a 200, so absence alone never means "no posts": only a count
 * of 0 says that.
 */
const lastPostOf = (user: WireUser, postCount: number | null, moment: Moment): LastPost => {
  const id = user.most_recent_tweet_id ?? user.most_recent_post_id;
  if (id !== undefined && id !== null) return readPostId(id, moment);
  return { kind: postCount === 0 ? 'none' : 'missing' };
};

const seen = (user: WireUser, whole: Metrics, moment: Moment): Seen => {
  const metrics = user.public_metrics ?? {};
  const postCount = countOf(metrics, 'tweet_count', 'post_count');
  return {
    kind: 'seen',
    id: user.id,
    handle: user.username,
    name: user.name ?? null,
    createdAt: timeOf(user.created_at),
    protected: user.protected ?? false,
    lastPost: lastPostOf(user, postCount, moment),
    postCount,
    likeCount: countOf(metrics, 'like_count'),
    followingCount: countOf(metrics, 'following_count'),
    profileHash: profileHash(whole),
  };
};

/** One item of `data`, in either vocabulary; `null` if it cannot be read. */
export const readUser = (item: unknown, moment: Moment): Seen | null => {
  const user = wireUser.safeParse(item);
  return user.success ? seen(user.data, item as Metrics, moment) : null;
};
