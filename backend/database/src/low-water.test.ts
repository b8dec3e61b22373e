import { expect, test } from 'vitest';
import { createLowWater } from './low-water.ts';

function marking(leaseMs = 120_000) {
  let now = 0;
  const lowWater = createLowWater(leaseMs, () => now);
  const pass = (ms: number) => {
    now += ms;
  };
  return { lowWater, pass };
}

test('claims begin a second before where the last one ended, and never further back', () => {
  const { lowWater } = marking();
  expect(lowWater.floor()).toBe(Number.NEGATIVE_INFINITY);
  lowWater.claimed({ lastDue: 100_000 });
  expect(lowWater.floor()).toBe(99_000);
  lowWater.claimed({ lastDue: 50_000 });
  lowWater.claimed({ lastDue: null });
  expect(lowWater.floor()).toBe(99_000);
});

test('every ten seconds a claim looks from the very beginning', () => {
  const { lowWater, pass } = marking();
  lowWater.claimed({ lastDue: 100_000 });
  pass(9_999);
  expect(lowWater.floor()).toBe(99_000);
  pass(1);
  expect(lowWater.floor()).toBe(Number.NEGATIVE_INFINITY);
  lowWater.claimed({ lastDue: 70_000 });
  expect(lowWater.floor()).toBe(69_000);
});

test.each([
  [2_000, 1_000],
  [20_000, 5_000],
  [3_600_000, 10_000],
])('with a lease of %i ms what has lapsed is found within %i ms', (leaseMs, everyMs) => {
  const { lowWater, pass } = marking(leaseMs);
  lowWater.claimed({ lastDue: 100_000 });
  pass(everyMs - 1);
  expect(lowWater.floor()).toBe(99_000);
  pass(1);
  expect(lowWater.floor()).toBe(Number.NEGATIVE_INFINITY);
});
