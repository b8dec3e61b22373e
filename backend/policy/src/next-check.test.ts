import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deadlineOf } from './deadline.ts';
import { nextCheck, nextCheckOfGone, type Outlook, recoveryInterval } from './next-check.ts';
import { day, hour, minute, pace, start } from './test/known.ts';

const rule = { threshold: 7 * day, grace: day, freshness: Infinity, weight: 1 };

/** A profile that was just looked at and had been idle for so long. */
function looked(idle: number, overrides: Partial<Outlook> = {}): Outlook {
  const alertOpen = idle >= rule.threshold + rule.grace;
  const times = { checkedAt: start, lastActivityAt: start - idle, alertOpen };
  const rest = { suspectedAt: null, postsPerDay: 1, isFirst: false };
  return { ...times, deadline: deadlineOf(times, rule), ...rest, ...overrides };
}

describe('the next check', () => {
  const cases: [string, Outlook, number, string, string][] = [
    ['an hour after a post, by the square-root rule', looked(hour), 0.5 * day, 'fresh', 'checks.fresh'],
    [
      'just before the deadline, at the first of its two looks',
      looked(8 * day - 2 * minute),
      minute,
      'deadline',
      'checks.deadline',
    ],
    [
      'after the first, at the deadline itself',
      looked(8 * day - minute, { suspectedAt: start }),
      minute,
      'deadline',
      'checks.deadline',
    ],
    ['after an alert, by recovery', looked(20 * day), 2 * day, 'recovery', 'checks.fresh'],
    [
      'after an alert of long ago, a threshold later at most',
      looked(900 * day, { postsPerDay: 0 }),
      7 * day,
      'recovery',
      'checks.fresh',
    ],
  ];
  test.each(cases)('comes %s', (_, seen, wait, reason, lane) => {
    const next = nextCheck(seen, rule, pace, 0);
    expect(next).toMatchObject({ reason, lane });
    expect((next.at - start) / wait).toBeCloseTo(1, reason === 'fresh' ? 0 : 6);
  });

  test('is as fresh as the group wants, where the budget alone would wait longer', () => {
    const next = nextCheck(looked(3 * day), { ...rule, freshness: hour }, pace, 0);
    expect(next).toEqual({ at: start + hour, lane: 'checks.fresh', reason: 'fresh' });
  });

  test('of four times the weight comes in half the time', () => {
    const wait = (weight: number) => nextCheck(looked(hour), { ...rule, weight }, pace, 0).at - start;
    expect(wait(4)).toBeCloseTo(wait(1) / 2, 6);
  });

  test('costs nothing beside deadlines when K is infinite, even while an alert is open', () => {
    const lazy = { ...pace, freshnessK: Infinity };
    expect(nextCheck(looked(hour), rule, lazy, 0).at).toBe(start - hour + 8 * day - minute);
    expect(nextCheck(looked(20 * day), rule, lazy, 0).at).toBe(start + 8 * day - minute);
    expect(nextCheck(looked(900 * day), rule, lazy, 0).at).toBe(start + 8 * day);
  });

  test('after a first look falls anywhere in the interval, so that an import does not stay together', () => {
    const waits = [0.001, 0.25, 0.5, 0.75].map(
      random => nextCheck(looked(3 * day, { isFirst: true }), rule, pace, random).at - start,
    );
    const whole = nextCheck(looked(3 * day), rule, pace, 0).at - start;
    expect(waits.map(wait => Math.round((100 * wait) / whole))).toEqual([1, 25, 50, 75]);
  });
});

const outlooks = fc
  .record({
    idle: fc.integer({ min: 0, max: 1_000 * day }),
    threshold: fc.integer({ min: minute, max: 400 * day }),
    grace: fc.integer({ min: 0, max: 30 * day }),
    suspectedAgo: fc.option(fc.integer({ min: 0, max: hour })),
    postsPerDay: fc.option(fc.double({ min: 0, max: 5_000, noNaN: true })),
    isFirst: fc.boolean(),
    freshness: fc.constantFrom(hour, day, Infinity),
    weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
    freshnessK: fc.constantFrom(minute, day, 365 * day, Infinity),
  })
  .map(({ idle, threshold, grace, suspectedAgo, postsPerDay, isFirst, freshness, weight, freshnessK }) => {
    const alertOpen = idle >= threshold + grace && suspectedAgo === null;
    const times = { checkedAt: start, lastActivityAt: start - idle, alertOpen };
    const ruled = { threshold, grace, freshness, weight };
    const suspicious = idle >= threshold + grace - pace.confirmDelay;
    const suspectedAt = suspicious && suspectedAgo !== null ? start - suspectedAgo : null;
    const unjudged = suspicious && !alertOpen && suspectedAt === null;
    const seen = { ...times, deadline: deadlineOf(times, ruled), postsPerDay, isFirst };
    return {
      seen: { ...seen, suspectedAt: unjudged ? start : suspectedAt },
      rule: ruled,
      pace: { ...pace, freshnessK },
    };
  });
const chances = fc.double({ min: 0, max: 0.999_999, noNaN: true });

test('a check comes after the last one, and never later than the deadline needs', () => {
  fc.assert(
    fc.property(outlooks, chances, ({ seen, rule: ruled, pace: eager }, random) => {
      const { at } = nextCheck(seen, ruled, eager, random);
      if (seen.suspectedAt === null || seen.suspectedAt > start - pace.confirmDelay || seen.deadline > start)
        expect(at).toBeGreaterThan(start);
      const needed = Math.max(seen.deadline, (seen.suspectedAt ?? start) + pace.confirmDelay);
      expect(at).toBeLessThanOrEqual(needed);
    }),
  );
});

test('chance moves no check that a deadline asks for, and shortens others by a tenth at most', () => {
  fc.assert(
    fc.property(outlooks, chances, ({ seen, rule: ruled, pace: eager }, random) => {
      const known = { ...seen, isFirst: false };
      const calm = nextCheck(known, ruled, eager, 0);
      const moved = nextCheck(known, ruled, eager, random);
      if (moved.reason === 'deadline') expect(moved).toEqual(calm);
      expect(moved.at).toBeLessThanOrEqual(calm.at);
      if (moved.reason !== 'deadline')
        expect(moved.at - start).toBeGreaterThanOrEqual((calm.at - start) * 0.9 - 1e-3);
    }),
  );
});

test('an account that posts more, or is worth more, is never looked at later', () => {
  fc.assert(
    fc.property(
      outlooks,
      fc.double({ min: 1, max: 50, noNaN: true }),
      ({ seen, rule: ruled, pace: eager }, by) => {
        const { at } = nextCheck(seen, ruled, eager, 0);
        const more = { ...seen, postsPerDay: (seen.postsPerDay ?? 0) * by };
        expect(nextCheck(more, ruled, eager, 0).at).toBeLessThanOrEqual(at);
        expect(nextCheck(seen, { ...ruled, weight: ruled.weight * by }, eager, 0).at).toBeLessThanOrEqual(at);
      },
    ),
  );
});

describe('recovery', () => {
  const cases: [string, number, number, number][] = [
    ['a tenth of the idle time', 20 * day, day, 2 * day],
    ['at most a threshold', 900 * day, day, 7 * day],
    ['not sooner than what K allows', 10 * day, 3 * day, 3 * day],
  ];
  test.each(cases)('waits %s', (_, idle, freshnessK, expected) => {
    expect(recoveryInterval(idle, rule, { ...pace, freshnessK })).toBe(expected);
  });
});

describe('an account that shows nothing', () => {
  const gone = (ago: number) => ({ checkedAt: start, stateSince: start - ago });
  const capped = { ...rule, freshness: day };

  test('is looked at again to confirm it, whatever chance says', () => {
    expect(nextCheckOfGone(gone(0), capped, pace, 0.7)).toEqual({
      at: start + minute,
      lane: 'checks.deadline',
      reason: 'deadline',
    });
  });

  test('then as recovery, about as often as its group wants', () => {
    expect(nextCheckOfGone(gone(hour), capped, pace, 0)).toEqual({
      at: start + day,
      lane: 'checks.fresh',
      reason: 'recovery',
    });
  });

  test('but so that no silence that began meanwhile can be told late', () => {
    expect(nextCheckOfGone(gone(hour), rule, pace, 0.5)).toEqual({
      at: start + 8 * day - minute,
      lane: 'checks.deadline',
      reason: 'deadline',
    });
  });
});
