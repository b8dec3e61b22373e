import { expect, test } from 'vitest';
import { type Counts, countsOf, newestPost } from './guard-counts.ts';
import { judge } from './judge.ts';
import type { Known } from './judgment.ts';
import type { Observation } from './observation.ts';
import { day, hour, minute, pace, posted, start, unseen } from './test/known.ts';
import { after } from './test/play.ts';

const known = after(
  unseen(),
  judge(unseen(), posted(start - hour), { observedAt: start, pace, random: 0.5 }),
);
const deadline = start - hour + 8 * day;

/** What a look counts, without what is 0. */
function counted(observation: Observation, of: Known = known, observedAt = start + hour): Partial<Counts> {
  const judgment = judge(of, observation, { observedAt, pace, random: 0.5 });
  const counts = countsOf({ known: of, observation, judgment, held: [], observedAt, onTime: minute });
  return Object.fromEntries(Object.entries(counts).filter(([, n]) => n !== 0));
}

const cases: [string, Observation, Partial<Counts>][] = [
  ['a newer post', posted(start, 2), { looks: 1, shown: 1, again: 1, fresh: 1 }],
  ['the same post', posted(start - hour), { looks: 1, shown: 1, again: 1 }],
  ['an older post', posted(start - 2 * hour), { looks: 1, shown: 1, again: 1, regressed: 1 }],
  ['no last post', posted(start, 2, { lastPost: { kind: 'missing' } }), { looks: 1, shown: 1, missing: 1 }],
  ['no answer about it', { kind: 'unknown', reason: 'not_answered' }, { looks: 1, unanswered: 1 }],
  [
    'a call that failed: counted as a call, not as a look',
    { kind: 'unknown', reason: 'request_failed' },
    { looks: 1 },
  ],
  ['a suspension', { kind: 'suspended' }, { looks: 1, gone: 1 }],
];

test.each(cases)('%s', (_, observation, counts) => {
  expect(counted(observation)).toEqual(counts);
});

test('a first look tells nothing of whether the world moves, nor whether anybody vanished', () => {
  expect(counted(posted(start), unseen())).toEqual({ looks: 1, shown: 1 });
  expect(counted({ kind: 'not_found' }, unseen())).toEqual({ looks: 1 });
});

test('an alert is due once, and only if it is on time', () => {
  const before = after(
    known,
    judge(known, posted(start - hour), { observedAt: deadline - minute, pace, random: 0 }),
  );
  expect(counted(posted(start - hour), before, deadline)).toMatchObject({ due: 1, opened: 1 });
  expect(counted(posted(start - hour), before, deadline + hour)).not.toHaveProperty('due');
  expect(
    counted(posted(start - hour), { ...before, checkedAt: deadline }, deadline + 1_000),
  ).not.toHaveProperty('due');
});

test('the newest post of an answer, as far as our own clock lets it be', () => {
  const posts = [posted(start), posted(start + 5), { kind: 'suspended' } as const];
  expect(newestPost(posts, start + hour)).toBe(start + 5);
  expect(newestPost(posts, start + 2)).toBe(start + 2);
  expect(newestPost([], start)).toBeNull();
});
