import { expect, test, vi } from 'vitest';
import { quickest } from './quickest.ts';

const levels = [{ n: 1 }, { n: 4 }, { n: 2 }];

test('the one that scores most', async () => {
  expect(await quickest(levels, async ({ n }) => n)).toBe(levels[1]);
  expect(await quickest(levels, async ({ n }) => -n)).toBe(levels[0]);
});

test('a single one is taken without trying it', async () => {
  const score = vi.fn();
  expect(await quickest(levels.slice(2), score)).toBe(levels[2]);
  expect(score).not.toHaveBeenCalled();
});

test('of nothing nothing can be chosen', async () => {
  await expect(quickest([], async () => 1)).rejects.toThrow('nothing to choose from');
});
