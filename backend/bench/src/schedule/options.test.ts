import { describe, expect, test } from 'vitest';
import { readScheduleOptions } from './options.ts';

const day = 86_400_000;

test('without arguments: the shared trace, 7 days, 120 days from 2024-01-01, one check per profile and day', () => {
  const { trace, ...rest } = readScheduleOptions([]);
  expect(trace).toMatch(/e2e.traces.activity\.csv\.gz$/);
  const from = Date.UTC(2024, 0, 1);
  const times = { threshold: 7 * day, grace: 0, freshness: Infinity, from, until: from + 120 * day };
  expect(rest).toEqual({ ...times, budget: 1 });
});

test('durations are days', () => {
  const args = ['--threshold', '0.5', '--grace', '1', '--freshness', '2', '--days', '10', '--budget', '0.3'];
  const options = readScheduleOptions(args);
  expect(options).toMatchObject({ threshold: day / 2, grace: day, freshness: 2 * day, budget: 0.3 });
  expect(options.until - options.from).toBe(10 * day);
});

describe('is refused in one line', () => {
  const wrong: [string[], string][] = [
    [['--threshold', 'x'], '--threshold must be a number from 0.01 to 3650, not "x"'],
    [['--threshold', ''], '--threshold must be a number'],
    [['--threshold=-1'], '--threshold must be a number'],
    [['--budget', '0'], '--budget must be a number from 0.001 to 1000'],
    [['--days', 'Infinity'], '--days must be a number from 1 to 3650'],
    [['--from', 'yesterday'], '--from must be a date like 2024-01-01'],
    [['--from', '2024-13-01'], '--from must be a date'],
    [['--speed', '3'], "Unknown option '--speed'"],
    [['extra'], "Unexpected argument 'extra'"],
  ];
  test.each(wrong)('%j', (args, message) => {
    const read = () => readScheduleOptions(args);
    expect(read).toThrow(message);
    expect(read).toThrow(/^[^\n]*; use: npm run bench:schedule[^\n]*$/);
  });
});
