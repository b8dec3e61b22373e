import { expect, test } from 'vitest';
import { readBenchOptions } from './options.ts';
import { sizesOf } from './parts.ts';

const sizes = (...args: string[]) => sizesOf(readBenchOptions(args));

test('growth begins at ten thousand and ends at the largest size', () => {
  expect(sizes()).toEqual([10_000, 100_000, 1_000_000, 10_000_000]);
  expect(sizes('--only', 'growth', '--profiles', '100000')).toEqual([10_000, 100_000]);
});

test('the pipeline is measured at the sizes that were asked for, and nowhere else', () => {
  expect(sizes('--only', 'end-to-end', '--profiles', '50000,200000')).toEqual([50_000, 200_000]);
});

test('peers are compared at a million, or at the largest size when that is smaller', () => {
  expect(sizes('--only', 'peers', '--profiles', '3000000')).toEqual([1_000_000, 3_000_000]);
  expect(sizes('--only', 'limit', '--profiles', '200000')).toEqual([200_000]);
});

test('traps are set at the largest size only', () => {
  expect(sizes('--only', 'traps', '--profiles', '200000,1000000')).toEqual([1_000_000]);
});
