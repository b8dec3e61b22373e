import { expect, test } from 'vitest';
import { readBenchOptions } from './options.ts';

test('without options everything is measured, at a million and at ten', () => {
  expect(readBenchOptions([])).toEqual({
    only: ['growth', 'end-to-end', 'limit', 'peers', 'traps'],
    profiles: [1_000_000, 10_000_000],
    seconds: 30,
    consumers: 1,
  });
});

test('parts and sizes can be chosen, in any order', () => {
  const options = readBenchOptions([
    '--only',
    'peers,limit',
    '--profiles',
    '2_000_000,50000',
    '--seconds',
    '5',
  ]);
  expect(options).toMatchObject({ only: ['peers', 'limit'], profiles: [50_000, 2_000_000], seconds: 5 });
});

test.each([
  [['--only', 'speed'], /--only knows .*not "speed"/],
  [['--profiles', 'many'], /--profiles must be a whole number/],
  [['--profiles', '10'], /from 10000/],
  [['--seconds', ''], /--seconds must be/],
  [['--fast'], /Unknown option/],
])('%j is refused with a line that says how it is used', (args, message) => {
  expect(() => readBenchOptions(args)).toThrow(message);
  expect(() => readBenchOptions(args)).toThrow(/npm run bench --/);
});
