/** Which names an answer uses: those up to spec 2.166, or those from 2.167 on. */
export type Vocabulary = 'tweet' | 'post';

/** The members of a user that the two vocabularies name differently. */
export interface Names {
  readonly lastPost: string;
  readonly postCount: string;
  /** The list of included posts. */
  readonly posts: string;
  /** A default field of an included post; `null` if there is none. */
  readonly editHistory: string | null;
  /** The host in problem types. */
  readonly host: string;
}

export const NAMES: Readonly<Record<Vocabulary, Names>> = {
  tweet: {
    lastPost: 'most_recent_tweet_id',
    postCount: 'tweet_count',
    posts: 'tweets',
    editHistory: 'edit_history_tweet_ids',
    host: 'https://api.twitter.com',
  },
  post: {
    lastPost: 'most_recent_post_id',
    postCount: 'post_count',
    posts: 'posts',
    editHistory: null,
    host: 'https://api.x.com',
  },
};

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** `user.fields` of both vocabularies. */
const COMMON_FIELDS = words(`
  confirmed_email connection_status created_at description entities id is_identity_verified location name parody
  profile_banner_url profile_image_url protected public_metrics receives_your_dm subscription subscription_type url
  username verified verified_followers_count verified_type withheld`);

interface Accepted {
  readonly fields: readonly string[];
  readonly expansions: readonly string[];
  /** The parameter with the fields of included posts. */
  readonly postFields: string;
}

/** What each vocabulary takes in a request. */
export const ACCEPTED: Readonly<Record<Vocabulary, Accepted>> = {
  tweet: {
    fields: [...COMMON_FIELDS, 'affiliation', 'most_recent_tweet_id', 'pinned_tweet_id'],
    expansions: ['affiliation.user_id', 'most_recent_tweet_id', 'pinned_tweet_id'],
    postFields: 'tweet.fields',
  },
  post: {
    fields: [...COMMON_FIELDS, 'subscribes_to_you'],
    expansions: ['affiliation', 'most_recent_post_id', 'pinned_post_id'],
    postFields: 'post.fields',
  },
};

/**
 * Members that the new vocabulary knows in answers but not as `user.fields`. Asking for one is not refused: the field
 * stays silently absent (measured on posts, 2026-09-21).
 */
const UNASKABLE = ['most_recent_post_id', 'pinned_post_id'];

/** Every value that is not refused, in either vocabulary. */
export const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...ACCEPTED.tweet.fields,
  ...ACCEPTED.post.fields,
  ...UNASKABLE,
]);

export const KNOWN_EXPANSIONS: ReadonlySet<string> = new Set([
  ...ACCEPTED.tweet.expansions,
  ...ACCEPTED.post.expansions,
]);
