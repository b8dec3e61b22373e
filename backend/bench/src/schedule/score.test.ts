import { expect, test } from 'vitest';
import { createScoreCard } from './score.ts';

const hour = 3_600_000;
const subject = { index: 0, times: Float64Array.from([-hour, 2 * hour, 20 * hour]) };
const world = { subjects: [subject], from: 0, until: 24 * hour, span: 10 * hour };

test('what is open at the end is settled by the next look, which is not counted as a check', () => {
  const card = createScoreCard(world);
  for (const at of [0, 5, 25]) card.look(subject, at * hour);
  expect(card.score()).toMatchObject({
    checks: 2,
    checks_per_profile_day: 2,
    usd_per_1000_month: 600,
    seen_delay_mean_s: 4 * 3_600,
  });
});

const alerts: [string, [number, number][], object][] = [
  ['at its instant', [[2, 12]], { alerts: 1, missed: 0, false: 0, late_mean_s: 0 }],
  ['late', [[2, 13]], { alerts: 1, missed: 0, false: 0, late_mean_s: 3_600, late_p99_s: 3_600 }],
  ['too early', [[2, 11]], { alerts: 1, false: 1 }],
  ['of a silence that was over', [[2, 20]], { alerts: 1, false: 1 }],
  ['of a silence that never was', [[5, 15]], { alerts: 1, false: 1, missed: 1 }],
  [
    'twice',
    [
      [2, 12],
      [2, 12],
    ],
    { alerts: 2, false: 1 },
  ],
  ['not at all', [], { alerts: 0, missed: 1 }],
  [
    'that is due after the end',
    [
      [2, 12],
      [20, 30],
    ],
    { alerts: 1, false: 0 },
  ],
];
test.each(alerts)('an alert raised %s', (_, raised, expected) => {
  const card = createScoreCard(world);
  for (const [since, at] of raised) card.raise(subject, since * hour, at * hour);
  expect(card.score()).toMatchObject(expected);
});

test('looks of one second share calls of a hundred', () => {
  const subjects = Array.from({ length: 250 }, (_, index) => ({ index, times: subject.times }));
  const card = createScoreCard({ ...world, subjects });
  for (const one of subjects) card.look(one, hour);
  card.look(subject, 2 * hour);
  expect(card.score()).toMatchObject({ checks: 251, calls: 4 });
});
