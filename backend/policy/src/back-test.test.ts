import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backTest } from './back-test.ts';
import { day, hour, start } from './test/known.ts';

const rule = { threshold: 7 * day, grace: day };
const window = { from: start, until: start + 90 * day };
const at = (days: number) => start + days * day;

const cases: [string, number[], [number, number, number | null][]][] = [
  ['no activity: nothing is claimed', [], []],
  ['one, and silence ever since', [1], [[1, 9, null]]],
  ['gaps that are just too short', [80, 88, 95.9], []],
  ['a gap that ends at the very instant', [1, 9, 85], [[9, 17, 85]]],
  [
    'two silences',
    [-1, 20, 30, 85],
    [
      [-1, 7, 20],
      [20, 28, 30],
      [30, 38, 85],
    ],
  ],
  ['a silence that was due before the window', [-9, 20, 89], [[20, 28, 89]]],
  [
    'a silence that is due at its beginning',
    [-8, 3, 88],
    [
      [-8, 0, 3],
      [3, 11, 88],
    ],
  ],
  ['a silence that is due at its end', [82], []],
  [
    'times in any order, and twice',
    [20, 1, 20, 84, 1],
    [
      [1, 9, 20],
      [20, 28, 84],
    ],
  ],
];
test.each(cases)('%s', (_, days, expected) => {
  const fired = expected.map(([since, due, end]) => ({
    since: at(since),
    due: at(due),
    end: end === null ? null : at(end),
  }));
  expect(backTest(days.map(at), rule, window)).toEqual(fired);
});

test('agrees with looking every hour at what had happened by then', () => {
  const hours = fc.array(fc.integer({ min: -500, max: 1_200 }), { maxLength: 40 });
  const spans = fc.integer({ min: 1, max: 300 });
  fc.assert(
    fc.property(hours, spans, fc.integer({ min: 0, max: 20 }), (activity, threshold, grace) => {
      const times = activity.map(one => start + one * hour);
      const fired = backTest(
        times,
        { threshold: threshold * hour, grace: grace * hour },
        { from: start, until: start + 1_000 * hour },
      );
      expect(fired.map(episode => (episode.due - start) / hour)).toEqual(
        byLooking(activity, threshold + grace),
      );
    }),
  );
});

/** The hours from 0 until 1,000 at which silence has just lasted `span` hours. */
function byLooking(activity: number[], span: number): number[] {
  const due: number[] = [];
  for (let now = 0; now < 1_000; now++) {
    const last = Math.max(...activity.filter(one => one <= now));
    if (now - last === span) due.push(now);
  }
  return due;
}
