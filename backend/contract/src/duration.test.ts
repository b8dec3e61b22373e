import { expect, test } from 'vitest';
import { checkDuration, parseDuration, threshold } from './duration.ts';

test.each([
  [90, 90],
  ['90', 90],
  ['90s', 90],
  [' 30m ', 1_800],
  ['12H', 43_200],
  ['7d', 604_800],
  ['2 w', 1_209_600],
])('%s is understood', (value, seconds) => {
  expect(parseDuration(value)).toBe(seconds);
});

test.each([1.5, Number.NaN, '1.5d', '-1d', 'd', '', '1y', '1d2h', '99999999999', null, {}, '1e3'])(
  '%s is not',
  value => {
    expect(parseDuration(value)).toBeNull();
  },
);

test('what is out of bounds is named', () => {
  expect(checkDuration(0, 1)).toEqual({ problem: 'must be at least 1 second' });
  expect(checkDuration('11 w', 0)).toEqual({ seconds: 6_652_800 });
  expect(checkDuration('9999999999w', 0)).toEqual({ problem: 'must be at most 10 years' });
  expect(checkDuration(-5, 0)).toEqual({ problem: 'must be at least 0 seconds' });
});

test('a threshold of the wrong type says what it must be', () => {
  expect(threshold.safeParse(true).error?.issues[0]?.message).toMatch(/whole seconds/);
});
