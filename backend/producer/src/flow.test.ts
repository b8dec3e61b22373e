import { expect, test } from 'vitest';
import { createFlow } from './flow.ts';
import { roomByFlow } from './room.ts';

function flowing() {
  let now = 0;
  const flow = createFlow(() => now);
  const pass = (ms: number) => {
    now += ms;
  };
  return { flow, pass };
}

test('what went out is what was there, and came, and is not there any more', () => {
  const { flow, pass } = flowing();
  for (let second = 0; second < 20; second++) {
    flow.depth(300);
    flow.published(200);
    pass(1_000);
  }
  expect(flow.perSecond()).toBeGreaterThan(195);
  expect(flow.perSecond()).toBeLessThanOrEqual(200);
});

test('consumers that stop are noticed within seconds', () => {
  const { flow, pass } = flowing();
  for (let second = 0; second < 20; second++) {
    flow.depth(300);
    flow.published(second < 10 ? 200 : 0);
    pass(1_000);
  }
  expect(flow.perSecond()).toBeLessThan(1);
});

test('depths that follow each other at once say nothing, and what was published between them is not lost', () => {
  const { flow, pass } = flowing();
  flow.depth(0);
  flow.published(50);
  pass(10);
  flow.depth(0);
  flow.published(50);
  pass(990);
  flow.depth(0);
  expect(flow.perSecond()).toBeCloseTo(50, 5);
});

test('a queue that grows by itself is no flow backwards', () => {
  const { flow, pass } = flowing();
  flow.depth(0);
  pass(1_000);
  flow.depth(1_000);
  expect(flow.perSecond()).toBe(0);
});

test.each([
  ['until the speed is known', 0, 50],
  ['while consumers are slow', 3, 50],
  ['of fast consumers: three seconds of their work', 200, 600],
  ['of the fastest: half of what a queue takes', 100_000, 5_000],
])('room %s', (_, perSecond, room) => {
  expect(roomByFlow(perSecond, 50)).toBe(room);
});
