import { expect, test } from 'vitest';
import { kept } from './kept.ts';

const clock = { at: 0 };
const now = () => clock.at;

function counting(isWorthIt = (_: number) => true) {
  let reads = 0;
  const read = kept(async () => ++reads, { freshMs: 1_000, staleMs: 3_000, isWorthIt, now });
  return { read, reads: () => reads };
}

test('what was read a moment ago is not read again', async () => {
  const { read } = counting();
  expect(await read()).toBe(1);
  clock.at += 1_000;
  expect(await read()).toBe(1);
});

test('what is a little older is given at once, and read anew for the next', async () => {
  const { read } = counting();
  await read();
  clock.at += 1_500;
  expect(await read()).toBe(1);
  await Promise.resolve();
  expect(await read()).toBe(2);
});

test('what is older than that is waited for', async () => {
  const { read } = counting();
  await read();
  clock.at += 3_001;
  expect(await read()).toBe(2);
});

test('all who ask at a time share one read', async () => {
  const { read, reads } = counting();
  expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1]);
  expect(reads()).toBe(1);
});

test('what is not worth keeping is read each time', async () => {
  const { read } = counting(value => value > 1);
  expect([await read(), await read(), await read()]).toEqual([1, 2, 2]);
});

test('a failure is told to whoever waits, is not kept, and in the background harms nobody', async () => {
  let fails = false;
  let reads = 0;
  const act = async () => {
    reads += 1;
    if (fails) throw new Error('no database');
    return reads;
  };
  const read = kept(act, { freshMs: 1_000, staleMs: 3_000, isWorthIt: () => true, now });
  expect(await read()).toBe(1);
  fails = true;
  clock.at += 2_000;
  expect(await read()).toBe(1);
  clock.at += 2_000;
  await expect(read()).rejects.toThrow('no database');
  fails = false;
  expect(await read()).toBeGreaterThan(1);
});
