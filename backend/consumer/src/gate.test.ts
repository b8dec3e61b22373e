import type { Lane } from '@app/contract/message';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createGate } from './gate.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const none = () => undefined;
const log = { debug: none, info: none, warn: none, error: none };

function start() {
  const running = new Set<Lane>();
  const told: number[] = [];
  const gate = createGate(log, resting => told.push(resting));
  for (const lane of ['checks.deadline', 'checks.fresh'] as const) {
    running.add(lane);
    gate.add(lane, {
      pause: async () => void running.delete(lane),
      resume: async () => void running.add(lane),
      stop: async () => undefined,
    });
  }
  return { gate, running, told };
}

test('all lanes rest, and go on by themselves', async () => {
  const { gate, running, told } = start();
  await gate.rest(1_000, {});
  expect([running.size, gate.resting(), told.at(-1)]).toEqual([0, 1_000, 2]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([running.size, gate.resting(), told.at(-1)]).toEqual([2, 0, 0]);
});

test('freshness rests alone, and the others go on', async () => {
  const { gate, running, told } = start();
  await gate.rest(5_000, {}, ['checks.fresh']);
  expect([[...running], gate.resting(), told.at(-1)]).toEqual([['checks.deadline'], 0, 1]);
  await gate.rest(1_000, {});
  expect(running.size).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([...running]).toEqual(['checks.deadline']);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(running.size).toBe(2);
});

test('a longer rest that is under way stays', async () => {
  const { gate, running } = start();
  await gate.rest(5_000, {});
  await gate.rest(100, {});
  await vi.advanceTimersByTimeAsync(4_000);
  expect(running.size).toBe(0);
});
