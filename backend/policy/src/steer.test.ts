import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Feedback, kBounds, lateAfter, steer, usedBand } from './steer.ts';
import { day, hour, minute } from './test/known.ts';

const calm: Feedback = { budgetUsed: 0.9, deadlineLateness: 0, window: hour, elapsed: 10 * minute };

describe('K', () => {
  const cases: [string, Partial<Feedback>, 'up' | 'same' | 'down'][] = [
    ['goes up when the budget is nearly used', { budgetUsed: 0.96 }, 'up'],
    [
      'goes up when deadlines run late, even with budget left',
      { budgetUsed: 0.1, deadlineLateness: lateAfter + 1 },
      'up',
    ],
    ['goes up when there is no budget at all', { budgetUsed: Infinity }, 'up'],
    ['stays inside the band', { budgetUsed: 0.94 }, 'same'],
    ['stays inside the band', { budgetUsed: 0.86 }, 'same'],
    ['stays while nothing can be said', { budgetUsed: Number.NaN }, 'same'],
    ['stays when no time has passed', { budgetUsed: 5, elapsed: 0 }, 'same'],
    ['stays when the clock was set back', { budgetUsed: 5, elapsed: -hour }, 'same'],
    ['goes down when budget is left over', { budgetUsed: 0.8 }, 'down'],
    ['goes down when nothing is spent', { budgetUsed: 0 }, 'down'],
    ['is not moved by a wait that is usual', { deadlineLateness: lateAfter }, 'same'],
  ];
  test.each(cases)('%s', (_, change, direction) => {
    const moved = Math.sign(steer(day, { ...calm, ...change }) - day);
    expect(moved).toBe({ up: 1, same: 0, down: -1 }[direction]);
  });

  test('stays in its bounds and takes no large step, whatever it is told', () => {
    const shares = fc.oneof(fc.double({ min: 0, max: 1_000 }), fc.constant(Infinity));
    const times = fc.integer({ min: 0, max: 1_000 * day });
    const ks = fc.double({ min: kBounds.least, max: kBounds.most, noNaN: true });
    fc.assert(
      fc.property(ks, shares, times, times, times, (k, budgetUsed, deadlineLateness, window, elapsed) => {
        const next = steer(k, { budgetUsed, deadlineLateness, window, elapsed });
        expect(next).toBeGreaterThanOrEqual(Math.max(kBounds.least, k * 0.77));
        expect(next).toBeLessThanOrEqual(Math.min(kBounds.most, k * 1.29));
      }),
    );
  });

  test('is brought back from outside of its bounds', () => {
    expect(steer(1, calm)).toBe(kBounds.least);
    expect(steer(1e15, calm)).toBe(kBounds.most);
    expect(steer(day, calm, { least: 2 * day, most: 3 * day })).toBe(2 * day);
  });
});

/** A population whose looks answer K only after it: those planned already are made as planned. Returns use by step. */
function simulate(first: number, load: number, budget: number, window: number, steps: number): number[] {
  const elapsed = window / 6;
  const spent: number[] = [];
  const used: number[] = [];
  let k = first;
  let planned = load / first;
  for (let step = 0; step < steps; step++) {
    // The share of the planned looks that comes due in a step, and is planned anew with K as it is now.
    planned += Math.min(1, elapsed / k) * (load / k - planned);
    spent.push(planned * elapsed);
    const recent = spent.slice(-6);
    const share = recent.reduce((sum, one) => sum + one, 0) / (budget * recent.length * elapsed);
    used.push(share);
    k = steer(k, { budgetUsed: share, deadlineLateness: 0, window, elapsed });
  }
  return used;
}

const worlds = fc.record({
  first: fc.double({ min: 10 * minute, max: 30 * day, noNaN: true }),
  // What K ends at: between half an hour and ten days.
  target: fc.double({ min: hour / 2, max: 10 * day, noNaN: true }),
  window: fc.constantFrom(hour, 6 * hour, day),
});

test('steered, the use of the budget comes into its band and stays there', () => {
  fc.assert(
    fc.property(worlds, ({ first, target, window }) => {
      // Each e-fold takes 2 (window + K) at most; ten of them, at the longest K on the way.
      const time = 20 * (window + Math.max(first, target)) * 3;
      const used = simulate(
        first,
        1_000 * target,
        1_000 / usedBand.aim,
        window,
        Math.ceil(time / (window / 6)),
      );
      for (const share of used.slice(-20)) {
        expect(share).toBeGreaterThan(usedBand.low - 0.01);
        expect(share).toBeLessThan(usedBand.high + 0.01);
      }
    }),
    { numRuns: 60 },
  );
});

test('steered from a budget that is all unused, the use never swings far beyond it', () => {
  fc.assert(
    fc.property(worlds, ({ target, window }) => {
      const used = simulate(10 * target, 1_000 * target, 1_000 / usedBand.aim, window, 2_000);
      expect(Math.max(...used)).toBeLessThan(1.1);
    }),
    { numRuns: 60 },
  );
});
