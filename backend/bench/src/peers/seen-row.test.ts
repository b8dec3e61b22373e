import type { Observation, Seen } from '@app/policy/observation';
import { describe, expect, test } from 'vitest';
import { seenRow } from './seen-row.ts';

const seen: Seen = {
  kind: 'seen',
  id: '12',
  handle: 'a',
  name: 'A',
  createdAt: 1_000,
  protected: false,
  lastPost: { kind: 'at', id: '900', at: 5_000 },
  postCount: 7,
  likeCount: 8,
  followingCount: 9,
  profileHash: '-3',
};
const counts = { postCount: 7, likeCount: 8, followingCount: 9, profileHash: '-3' };
const unsaid = { postCount: null, likeCount: null, followingCount: null, profileHash: null };
const silent = { lastActivityAt: null, post: null, ...unsaid };

describe('what is written of a look', () => {
  const looks: [string, Observation, object][] = [
    [
      'a post',
      seen,
      { accountState: 'ok', lastActivityAt: 5_000, post: { id: '900', at: 5_000 }, ...counts },
    ],
    [
      'no post at all: silent since the account was made',
      { ...seen, lastPost: { kind: 'none' } },
      { accountState: 'ok', lastActivityAt: 1_000, post: null, ...counts },
    ],
    ['a protected account', { ...seen, protected: true }, { accountState: 'protected', ...silent }],
    ['a suspended account', { kind: 'suspended' }, { accountState: 'suspended', ...silent }],
    ['nobody', { kind: 'not_found' }, { accountState: 'not_found', ...silent }],
  ];
  test.each(looks)('%s', (_, observation, row) => {
    expect(seenRow('12', observation)).toEqual({ profileId: '12', ...row });
  });
});

test('a look without evidence is a failed job', () => {
  expect(() => seenRow('12', { kind: 'unknown', reason: 'not_answered' })).toThrow('not_answered');
  expect(() => seenRow('12', { ...seen, lastPost: { kind: 'missing' } })).toThrow('no evidence');
});
