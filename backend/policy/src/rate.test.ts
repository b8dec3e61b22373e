import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectedRate, lifetimeRate, rateAfterLook, rateHalfLife } from './rate.ts';
import { day, hour, start } from './test/known.ts';

describe('the average of posts per day', () => {
  test('begins with the rate over the life of the account', () => {
    const prior = lifetimeRate(500, start - 1_000 * day, start);
    expect(rateAfterLook({ before: null, checkedAt: null, posts: 0, prior }, start)).toBe(0.5);
  });

  test('is unknown while X says neither how many posts there are nor since when', () => {
    const prior = lifetimeRate(null, start, start);
    expect(rateAfterLook({ before: null, checkedAt: null, posts: 0, prior }, start)).toBe(null);
  });

  test('of an account that was made today counts a whole day', () => {
    expect(lifetimeRate(3, start - hour, start)).toBe(3);
  });

  const looks: [string, number, number, number][] = [
    ['a half-life of silence halves it', 4, 0, 2],
    ['a half-life at the same rate leaves it', 4, 56, 4],
    ['a half-life at twice the rate brings it half-way', 4, 112, 6],
  ];
  test.each(looks)('%s', (_, before, posts, expected) => {
    const look = { before, checkedAt: start, posts, prior: null };
    expect(rateAfterLook(look, start + rateHalfLife)).toBeCloseTo(expected, 10);
  });

  test('does not depend on how often one looked while nothing happened', () => {
    const moments = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1_000, noNaN: true }), moments, (first, minutes) => {
        const times = minutes.sort((one, other) => one - other).map(minute => start + minute * 60_000);
        const step = (state: { rate: number; at: number }, now: number) => ({
          rate: rateAfterLook(
            { before: state.rate, checkedAt: state.at, posts: 0, prior: null },
            now,
          ) as number,
          at: now,
        });
        const once = step({ rate: first, at: start }, times.at(-1) as number);
        expect(times.reduce(step, { rate: first, at: start }).rate).toBeCloseTo(once.rate, 6);
      }),
    );
  });

  test('lies between what it was and what the look shows, however close two looks are', () => {
    const counts = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(counts, counts, fc.integer({ min: 0, max: 400 * day }), (before, posts, elapsed) => {
        const after = rateAfterLook({ before, checkedAt: start, posts, prior: null }, start + elapsed);
        const shown = (posts * day) / Math.max(elapsed, 1_000);
        expect(after).toBeGreaterThanOrEqual(Math.min(before, shown) * (1 - 1e-9));
        expect(after).toBeLessThanOrEqual(Math.max(before, shown) * (1 + 1e-9));
      }),
    );
  });
});

describe('the rate to expect', () => {
  test('is one a day for who posts daily and did so a day ago', () => {
    expect(expectedRate(1, day)).toBeCloseTo(1, 1);
  });

  test('rises with the average, falls with the age of the last activity, and is never 0', () => {
    const rates = fc.double({ min: 0, max: 10_000, noNaN: true });
    const ages = fc.integer({ min: 0, max: 10_000 * day });
    fc.assert(
      fc.property(rates, rates, ages, ages, (rate, more, idle, longer) => {
        expect(expectedRate(rate + more, idle)).toBeGreaterThanOrEqual(expectedRate(rate, idle));
        expect(expectedRate(rate, idle + longer)).toBeLessThanOrEqual(expectedRate(rate, idle));
        expect(expectedRate(rate, idle + longer)).toBeGreaterThan(0);
      }),
    );
  });

  test('takes an unknown average for 0, and a clock behind X for an activity of this moment', () => {
    expect(expectedRate(null, day)).toBe(expectedRate(0, day));
    expect(expectedRate(1, -hour)).toBe(expectedRate(1, 0));
  });
});
