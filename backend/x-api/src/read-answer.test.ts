import type { Observation } from '@app/policy/observation';
import { describe, expect, it } from 'vitest';
import { type AskedBy, ask } from './asked.ts';
import { readAnswer } from './read-answer.ts';
import { snowflakeAt } from './snowflake.ts';

const now = Date.UTC(2026, 10, 22);
const moment = { now, skew: 300_000 };
const TWITTER = 'https://api.twitter.com/2/problems/';
const X = 'https://api.x.com/2/problems/';

const read = (body: unknown, items: readonly string[], by: AskedBy = 'ids') => {
  const asked = ask(by, items);
  const answer = readAnswer(body, asked, moment);
  return items.map(item => answer?.byKey.get(by === 'ids' ? item : item.toLowerCase()));
};

const one = (user: object): Observation | undefined =>
  read({ data: [{ id: '123', name: 'A', username: 'a', ...user }] }, ['123'])[0];

const lastPost = (user: object) => {
  const observation = one(user);
  return observation?.kind === 'seen' ? observation.lastPost : observation;
};

const problem = (error: object, by: AskedBy = 'ids') =>
  read({ errors: [error] }, [by === 'ids' ? '123' : 'Jack'], by)[0];

describe('a user in data', () => {
  it('is read in the old vocabulary', () => {
    const [observation] = read(
      {
        data: [
          {
            id: '2244994945',
            name: 'X Developers',
            username: 'XDevelopers',
            created_at: '2013-12-14T04:35:55.000Z',
            protected: false,
            most_recent_tweet_id: '2080761390344937796',
            public_metrics: {
              followers_count: 583423,
              following_count: 2048,
              tweet_count: 14052,
              listed_count: 1672,
              like_count: 8010,
              media_count: 79,
            },
          },
        ],
      },
      ['2244994945'],
    );
    expect(observation).toEqual({
      kind: 'seen',
      id: '2244994945',
      handle: 'XDevelopers',
      name: 'X Developers',
      createdAt: Date.UTC(2013, 11, 14, 4, 35, 55),
      protected: false,
      lastPost: { kind: 'at', id: '2080761390344937796', at: Date.parse('2026-07-24T21:05:48.792Z') },
      postCount: 14052,
      likeCount: 8010,
      followingCount: 2048,
      profileHash: expect.stringMatching(/^-?\d+$/),
    });
  });

  it('is read alike in the new vocabulary, whatever was asked', () => {
    const counts = {
      followers_count: 1,
      following_count: 2,
      listed_count: 3,
      like_count: null,
      media_count: null,
    };
    const id = snowflakeAt(now - 1000);
    const old = one({ most_recent_tweet_id: id, public_metrics: { ...counts, tweet_count: 4 } });
    const renamed = one({ most_recent_post_id: id, public_metrics: { ...counts, post_count: 4 } });
    expect(renamed).toEqual(old);
    expect(renamed).toMatchObject({ postCount: 4, likeCount: null, followingCount: 2 });
  });

  it('may have counts as text or as _str twins', () => {
    const text = one({ public_metrics: { tweet_count: '7', following_count_str: '8', like_count: -1 } });
    expect(text).toMatchObject({ postCount: 7, followingCount: 8, likeCount: null });
  });

  it('needs no more than id and username', () => {
    expect(read({ data: [{ id: '123', username: 'a' }] }, ['123'])).toEqual([
      {
        kind: 'seen',
        id: '123',
        handle: 'a',
        name: null,
        createdAt: null,
        protected: false,
        lastPost: { kind: 'missing' },
        postCount: null,
        likeCount: null,
        followingCount: null,
        profileHash: null,
      },
    ]);
  });

  it('may be protected, or have a handle that is longer than any request may name', () => {
    expect(one({ protected: true, username: 'a_historical_long_name' })).toMatchObject({
      protected: true,
      handle: 'a_historical_long_name',
    });
  });

  it.each([
    ['is absent and the count is 0', { public_metrics: { tweet_count: 0 } }, 'none'],
    ['is absent and the new count is 0', { public_metrics: { post_count: 0 } }, 'none'],
    ['is absent and there are posts', { public_metrics: { tweet_count: 9 } }, 'missing'],
    ['is absent and so is the count', {}, 'missing'],
    [
      'is null and the count is null',
      { most_recent_tweet_id: null, public_metrics: { tweet_count: null } },
      'missing',
    ],
    ['is in the future', { most_recent_tweet_id: snowflakeAt(now + 300_001) }, 'missing'],
    ['is over 63 bits', { most_recent_tweet_id: '9999999999999999999' }, 'missing'],
    ['is no number', { most_recent_post_id: 'x' }, 'missing'],
    ['is a JSON number and so inexact', { most_recent_post_id: Number('2080761390344937796') }, 'missing'],
    ['is sequential', { most_recent_tweet_id: '20' }, 'before_2010'],
    ['is a snowflake', { most_recent_tweet_id: snowflakeAt(now) }, 'at'],
    [
      'is there although the count is 0',
      { most_recent_tweet_id: '20', public_metrics: { tweet_count: 0 } },
      'before_2010',
    ],
  ])('whose last post id %s', (_, user, kind) => {
    expect(lastPost(user)).toMatchObject({ kind });
  });

  it('that cannot be read hurts only itself', () => {
    const data = [
      { id: '1', username: 5 },
      { id: '2', username: 'b' },
      { id: '3', username: 'c', protected: 'yes' },
      { id: '4', username: 'd', public_metrics: 'many' },
      null,
      'x',
    ];
    const malformed = { kind: 'unknown', reason: 'malformed' };
    const observations = read({ data }, ['1', '2', '3', '4']);
    expect(observations).toMatchObject([malformed, { kind: 'seen', id: '2' }, malformed, malformed]);
  });

  it('is matched by id in any order; strangers and duplicates are ignored', () => {
    const user = (id: string, name: string) => ({ id, name, username: `u${id}` });
    const data = [user('9', 'stranger'), user('2', 'b'), user('1', 'a'), user('2', 'again'), { id: '1' }];
    expect(read({ data }, ['1', '2', '3'])).toMatchObject([{ name: 'a' }, { name: 'b' }, undefined]);
    expect(readAnswer({ data }, ask('ids', ['1', '2', '3']), moment)?.returned).toBe(5);
  });

  it('is matched by handle without regard to capitals', () => {
    const data = [{ id: '12', name: 'jack', username: 'Jack' }];
    expect(read({ data }, ['jACK', 'other'], 'usernames')).toMatchObject([{ id: '12' }, undefined]);
  });

  it('wins over an error about the same user', () => {
    const errors = [
      { value: '123', detail: 'User has been suspended: [123].', resource_type: 'user', parameter: 'ids' },
    ];
    expect(read({ data: [{ id: '123', username: 'a' }], errors }, ['123'])).toMatchObject([{ kind: 'seen' }]);
  });
});

describe('the profile hash', () => {
  const hash = (user: object): string | null | undefined => {
    const observation = one(user);
    return observation?.kind === 'seen' ? observation.profileHash : undefined;
  };
  const profile = { name: 'N', description: 'D', entities: { url: { urls: [{ start: 0, url: 'u' }] } } };

  it.each([
    { name: 'M' },
    { description: 'E' },
    { location: 'L' },
    { url: 'u' },
    { entities: {} },
    { profile_image_url: 'i' },
    { profile_banner_url: 'b' },
    { pinned_tweet_id: '1' },
    { pinned_post_id: '1' },
  ])('changes with %j', change => {
    expect(hash({ ...profile, ...change })).not.toBe(hash(profile));
  });

  it('does not change with a rename, with counts, with the order of keys or with empty values', () => {
    const reordered = { entities: { url: { urls: [{ url: 'u', start: 0 }] } }, description: 'D', name: 'N' };
    const noise = { username: 'z', public_metrics: { tweet_count: 1 }, location: '', url: null };
    expect(hash({ ...reordered, ...noise })).toBe(hash(profile));
  });

  it('is the same for a pinned post in either vocabulary', () => {
    expect(hash({ pinned_tweet_id: '1' })).toBe(hash({ pinned_post_id: '1' }));
  });
});

describe('an error in a 200', () => {
  const suspended = { kind: 'suspended' };
  const notFound = { kind: 'not_found' };
  const unexplained = { kind: 'unknown', reason: 'unexplained_error' };
  const about = { value: '123', resource_type: 'user', parameter: 'ids', resource_id: '123' };

  it.each([
    ['not found', { title: 'Not Found Error', detail: 'Could not find user with ids: [123].' }, notFound],
    ['suspended', { title: 'Forbidden', detail: 'User has been suspended: [123].' }, suspended],
  ])('of %s is told by title and detail, for both hosts and without a type', (_, words, expected) => {
    expect(problem({ ...about, ...words, type: `${TWITTER}resource-not-found` })).toEqual(expected);
    expect(problem({ ...about, ...words, type: `${X}resource-not-found` })).toEqual(expected);
    expect(problem({ ...about, ...words })).toEqual(expected);
    expect(problem({ ...about, title: words.title })).toEqual(expected);
    expect(problem({ ...about, detail: words.detail })).toEqual(expected);
  });

  it.each([
    'not-authorized-for-resource',
    'not-authorized-for-field',
    'resource-unavailable',
    'disallowed-resource',
    'field-hydration-failure',
    'internal-error',
    'never-heard-of',
  ])('of type %s explains nothing', type => {
    const error = { ...about, title: 'Forbidden', detail: 'Sorry: [123].', type: X + type };
    expect(problem(error)).toEqual(unexplained);
  });

  it('with unknown words, or with none, explains nothing', () => {
    const type = `${X}resource-not-found`;
    expect(problem({ ...about, type })).toEqual(unexplained);
    expect(problem({ ...about, type, title: 'Not Found Error', detail: 'Something else.' })).toEqual(
      unexplained,
    );
  });

  it.each([
    ['value', { value: '123', parameter: 'ids' }],
    ['resource_id', { resource_id: '123', resource_type: 'user' }],
    ['a number', { value: 123, parameter: 'id' }],
    ['detail alone', {}],
  ])('names its user by %s', (_, names) => {
    expect(problem({ ...names, detail: 'Could not find user with ids: [123].' })).toEqual(notFound);
  });

  it('names a handle in any capitals', () => {
    const error = { parameter: 'usernames', detail: 'Could not find user with usernames: [jACK].' };
    expect(problem(error, 'usernames')).toEqual(notFound);
    expect(problem({ ...error, parameter: 'username', value: 'JACK' }, 'usernames')).toEqual(notFound);
  });

  it.each([
    ['an included post', { ...about, resource_type: 'tweet', parameter: 'pinned_tweet_id' }],
    ['another parameter', { ...about, parameter: 'most_recent_post_id' }],
    ['an included section', { ...about, section: 'includes' }],
    ['another kind of object', { ...about, resource_type: 'list' }],
    [
      'a post, without saying so in a member',
      { detail: 'Could not find tweet with pinned_tweet_id: [123].' },
    ],
    [
      'somebody who was not asked',
      { ...about, value: '7', resource_id: '7', detail: 'Could not find user: [7].' },
    ],
  ])('about %s says nothing of the user', (_, error) => {
    expect(problem({ detail: 'Could not find user with ids: [123].', ...error })).toBeUndefined();
  });

  it('that cannot be read hurts nobody', () => {
    const errors = [null, 1, 'x', {}, { detail: 5, value: {} }];
    expect(read({ errors }, ['123'])).toEqual([undefined]);
  });

  it('that explains wins over one that does not', () => {
    const vague = { ...about, type: `${X}internal-error`, title: 'Internal' };
    const clear = { ...about, detail: 'User has been suspended: [123].' };
    expect(read({ errors: [vague, clear] }, ['123'])).toEqual([suspended]);
    expect(read({ errors: [clear, vague] }, ['123'])).toEqual([suspended]);
  });
});

describe('a body that is no envelope', () => {
  it.each([null, 1, 'x', [], {}, { data: 'x' }, { data: {} }, { errors: 'x' }, { meta: {} }])('%j', body => {
    expect(readAnswer(body, ask('ids', ['1']), moment)).toBeNull();
  });
});

describe('what is asked', () => {
  it('is checked, sent once and answered for each place', () => {
    const asked = ask('usernames', ['Jack', 'no way', 'jack', '', 'Ann']);
    expect([...asked.sent.values()]).toEqual(['Jack', 'Ann']);
    expect(asked.places).toEqual(['jack', null, 'jack', null, 'ann']);
  });

  it('is never sent if it is no id', () => {
    const wrong = ['', 'x', '0', '012', '-1', '1.5', ' 1', '9223372036854775808', '12345678901234567890'];
    expect(ask('ids', wrong).sent.size).toBe(0);
    expect(ask('ids', ['1', '9223372036854775807']).sent.size).toBe(2);
  });

  it('is at most 100 items', () => {
    const ids = Array.from({ length: 101 }, (_, index) => String(index + 1));
    expect(() => ask('ids', ids)).toThrow(RangeError);
    expect(ask('ids', ids.slice(0, 100)).sent.size).toBe(100);
  });
});
