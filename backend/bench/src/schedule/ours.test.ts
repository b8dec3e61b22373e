import { dice } from '@app/simulator/hash';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runOurs } from './ours.ts';
import { optimum, poll } from './polling.ts';
import { createQueue } from './queue.ts';
import { deadlinesOnly, steered } from './steering.ts';

const hour = 3_600_000;
const day = 24 * hour;
const rule = { threshold: 3 * day, grace: 0, freshness: Infinity, weight: 1 };

/** Sixty profiles that post at random, each at its own rate, from 30 days before the watch until its end. */
function world(days: number, seed = 3) {
  const random = dice(seed);
  const subjects = Array.from({ length: 60 }, (_, index) => {
    const gap = day * 0.05 * 1.12 ** index;
    const times = [-30 * day];
    while ((times.at(-1) ?? 0) < days * day) times.push((times.at(-1) ?? 0) - Math.log(1 - random()) * gap);
    return { index, times: Float64Array.from(times, Math.round) };
  });
  return { subjects, from: 0, until: days * day, span: rule.threshold };
}

test('deadlines cost the optimum and one look for each alert, and nothing is late', () => {
  const one = world(100);
  const ours = runOurs(one, rule, deadlinesOnly);
  const best = poll(one, optimum(one));
  expect(ours).toMatchObject({ missed: 0, false: 0, late_p99_s: 0, alerts: best.alerts });
  expect(ours.checks).toBeLessThanOrEqual(1.01 * best.checks + ours.alerts);
});

test.each([1, 3, 10])(
  'freshness spends its budget of %d checks per profile and day, and makes no alert late',
  budget => {
    const one = world(60);
    const cycle = { checks: budget * 60 * 60, from: 0, until: one.until };
    const ours = runOurs(one, rule, steered(cycle));
    expect(ours).toMatchObject({ missed: 0, false: 0, late_p99_s: 0 });
    expect(ours.checks_per_profile_day / budget).toBeGreaterThan(0.9);
    expect(ours.checks_per_profile_day / budget).toBeLessThan(1.01);
  },
);

test('the queue gives back everything, earliest first', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), times => {
      const queue = createQueue<number>();
      for (const time of times) queue.add(time, time);
      const taken = times.map(() => queue.take()?.item);
      expect(taken).toEqual([...times].sort((one, other) => one - other));
      expect(queue.take()).toBe(undefined);
    }),
  );
});
