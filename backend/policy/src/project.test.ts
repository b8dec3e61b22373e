import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deadlineInterval, listPrices, meanInterval, project } from './project.ts';
import { day, hour, pace } from './test/known.ts';

const rule = { threshold: 7 * day, grace: 0, freshness: Infinity, weight: 1 };
const lazy = { ...pace, freshnessK: Infinity };

describe('a projection', () => {
  test('of a thousand silent profiles that are looked at daily is 30,000 checks, 300 calls and $300', () => {
    const profiles = Array.from({ length: 1_000 }, () => ({ postsPerDay: 0, idle: 400 * day }));
    const projection = project({ ...rule, freshness: day }, profiles, lazy);
    expect(projection.checks).toBeCloseTo(30_000, 6);
    expect(projection.calls).toBeCloseTo(300, 6);
    expect(projection.dollars).toBeCloseTo(300, 6);
  });

  test('counts calls where calls are what costs, and half-full ones twice', () => {
    const profiles = [{ postsPerDay: 0, idle: 400 * day }];
    const prices = { ...listPrices, pricing: 'per_request', perRequest: 2, fill: 0.5 } as const;
    const projection = project({ ...rule, freshness: hour }, profiles, lazy, prices);
    expect(projection).toEqual({ checks: 720, calls: 14.4, dollars: 28.8 });
  });

  test('of nobody is nothing', () => {
    expect(project(rule, [], pace)).toEqual({ checks: 0, calls: 0, dollars: 0 });
  });

  test('needs no knowledge of a profile', () => {
    expect(project(rule, [{ postsPerDay: null, idle: null }], lazy).checks).toBeCloseTo(30 / 7, 6);
  });
});

test('a policy never costs less for being more eager, and at least what its deadlines cost', () => {
  const profiles = fc.record({
    postsPerDay: fc.option(fc.double({ min: 0, max: 1_000, noNaN: true })),
    idle: fc.option(fc.integer({ min: 0, max: 1_000 * day })),
  });
  const ks = fc.double({ min: 60_000, max: 365 * day, noNaN: true });
  fc.assert(
    fc.property(profiles, ks, fc.double({ min: 1, max: 100, noNaN: true }), (profile, freshnessK, by) => {
      const eager = meanInterval(rule, profile, { ...pace, freshnessK });
      expect(eager).toBeGreaterThan(0);
      expect(eager).toBeLessThanOrEqual(
        meanInterval(rule, profile, { ...pace, freshnessK: freshnessK * by }),
      );
      expect(eager).toBeLessThanOrEqual(rule.threshold);
    }),
  );
});

test('the mean time between deadline looks is at most 12 % off what following random posts gives', () => {
  const random = dice(7);
  for (const postsPerDay of [0.02, 0.1, 0.2, 0.5, 3]) {
    const until = 200_000 * day;
    const gap = () => (-Math.log(1 - random()) / postsPerDay) * day;
    let looks = 0;
    let last = 0;
    let next = gap();
    for (let at = 0; at < until; looks++) {
      for (; next <= at; next += gap()) last = next;
      at = at - last >= rule.threshold - 1 ? at + rule.threshold : last + rule.threshold;
    }
    const measured = until / looks / deadlineInterval(postsPerDay / day, rule.threshold);
    expect(measured).toBeGreaterThan(0.98);
    expect(measured).toBeLessThan(1.12);
  }
});

/** Numbers that are the same at every run (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), state | 1);
    const more = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61));
    return ((more ^ (more >>> 14)) >>> 0) / 2 ** 32;
  };
}
