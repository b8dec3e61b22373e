import type { FaultKind, Faults } from '../faults.ts';
import type { Vocabulary } from '../vocabulary.ts';

/** One request of the check, the answer that it must get, and what goes wrong on purpose. */
export interface Check {
  readonly name: string;
  readonly path: '/2/users' | '/2/users/by' | '/2/usage/tweets';
  readonly query: string;
  readonly status: number;
  readonly faults?: Partial<Faults>;
  readonly token?: null;
}

const SUSPENDED = '2';
const PROTECTED = '3';
const NOT_FOUND = '4';

const EVERYTHING: Readonly<Record<Vocabulary, string>> = {
  tweet:
    'user.fields=created_at,description,entities,location,profile_banner_url,profile_image_url,protected,public_metrics,url,verified,verified_type,most_recent_tweet_id',
  post: 'user.fields=created_at,description,entities,location,profile_banner_url,profile_image_url,protected,public_metrics,url,verified,verified_type&expansions=most_recent_post_id',
};

const EXPANSION: Readonly<Record<Vocabulary, string>> = {
  tweet: 'expansions=most_recent_tweet_id',
  post: 'expansions=most_recent_post_id',
};

const profiles: Faults['profiles'] = {
  [SUSPENDED]: 'suspended',
  [PROTECTED]: 'protected',
  [NOT_FOUND]: 'not_found',
};

const successes = (vocabulary: Vocabulary): readonly Check[] => {
  const all = EVERYTHING[vocabulary];
  const ids = (list: string): Check => ({
    name: '',
    path: '/2/users',
    query: `ids=${list}&${all}`,
    status: 200,
  });
  const by = (list: string): Check => ({
    ...ids(''),
    path: '/2/users/by',
    query: `usernames=${list}&${all}`,
  });
  const expanded = `ids=1&${EXPANSION[vocabulary]}`;
  return [
    { ...ids('1'), name: 'a user by id' },
    { ...by('sim1'), name: 'a user by handle' },
    { ...ids('1'), name: 'a user with its newest post', query: expanded },
    { ...ids(PROTECTED), name: 'a protected user', faults: { profiles } },
    { ...ids(`1,${SUSPENDED},${NOT_FOUND}`), name: 'a user and two errors', faults: { profiles } },
    { ...by('sim1,sim2,sim4'), name: 'the same by handle', faults: { profiles } },
    { ...ids(SUSPENDED), name: 'suspended, only errors', faults: { profiles } },
    { ...by('sim4'), name: 'not found, only errors', faults: { profiles } },
    { ...ids('1'), name: 'the last-post field is absent', faults: { missingField: true } },
    { ...ids('1,5'), name: 'errors of the type "unavailable"', faults: { share: 1, kinds: ['errors_only'] } },
    {
      ...ids('1'),
      name: 'an error about an included post',
      faults: { share: 1, kinds: ['errors_of_includes'] },
    },
    {
      name: 'the counter of posts',
      path: '/2/usage/tweets',
      query:
        'usage.fields=cap_reset_day,daily_client_app_usage,daily_project_usage,project_cap,project_id,project_usage',
      status: 200,
      faults: { vocabulary },
    },
  ];
};

const failures: Readonly<Partial<Record<FaultKind, number>>> = {
  client_forbidden: 403,
  unsupported_authentication: 403,
  spend_cap: 403,
  credits: 402,
  credits_new: 402,
  rate_limited: 429,
  rate_limited_code88: 429,
  usage_cap: 429,
  server_error: 500,
  bad_gateway: 502,
  unavailable: 503,
  gateway_timeout: 504,
};

const refusals = (vocabulary: Vocabulary): readonly Check[] => {
  const all = EVERYTHING[vocabulary];
  return [
    { name: 'an invalid id', path: '/2/users', query: `ids=x&${all}`, status: 400 },
    { name: 'an invalid handle', path: '/2/users/by', query: `usernames=not-ok&${all}`, status: 400 },
    { name: 'an unknown field', path: '/2/users', query: `ids=1&${all},shoe_size`, status: 400 },
    { name: 'no token', path: '/2/users', query: `ids=1&${all}`, status: 401, token: null },
  ];
};

/** Every kind of answer that has a schema to be checked against. */
export const checksOf = (vocabulary: Vocabulary): readonly Check[] => [
  ...successes(vocabulary),
  ...refusals(vocabulary),
  ...Object.entries(failures).map(
    ([kind, status]): Check => ({
      name: kind.replaceAll('_', ' '),
      path: '/2/users',
      query: `ids=1&${EVERYTHING[vocabulary]}`,
      status,
      faults: { share: 1, kinds: [kind as FaultKind] },
    }),
  ),
];
