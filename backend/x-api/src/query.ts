import type { Asked } from './asked.ts';

/** Which names a request uses: `tweet` up to spec 2.166 (and still accepted later), `post` from 2.167 on. */
export type Vocabulary = 'tweet' | 'post';

/**
 * The signs of activity and of profile changes, named alike in both vocabularies.
 * The pinned post is not asked for: the new vocabulary gives it only by an expansion, which may be billed as a post,
 * and a hash that holds it in one vocabulary only would report a profile change of everybody on the day of the switch.
 */
const COMMON_FIELDS = [
  'created_at',
  'description',
  'entities',
  'location',
  'profile_banner_url',
  'profile_image_url',
  'protected',
  'public_metrics',
  'url',
];

/**
 * A value of the other vocabulary is not refused but silently ignored (measured 2026-09-21), and the request's
 * vocabulary picks the answer's: so one request never names both.
 */
const PARAMETERS: Readonly<Record<Vocabulary, string>> = {
  tweet: `user.fields=${[...COMMON_FIELDS, 'most_recent_tweet_id'].join(',')}`,
  post: `user.fields=${COMMON_FIELDS.join(',')}&expansions=most_recent_post_id`,
};

const PATHS: Readonly<Record<Asked['by'], string>> = {
  ids: '/2/users?ids=',
  usernames: '/2/users/by?usernames=',
};

/** The path and query of one look-up. Valid ids and handles need no escaping. */
export const lookUpPath = (asked: Asked, vocabulary: Vocabulary): string =>
  `${PATHS[asked.by]}${[...asked.sent.values()].join(',')}&${PARAMETERS[vocabulary]}`;
