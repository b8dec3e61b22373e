import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entryFrequency, every, optimum, poll } from './polling.ts';
import { countUntil, lastOf, type Subject, type World } from './population.ts';

const minute = 60_000;
const day = 1_440 * minute;

/** One profile whose activities are at these minutes of the watch; the first lies before it. */
function world(minutes: readonly number[], spanMinutes: number, untilMinutes: number): World {
  const times = Float64Array.from([...new Set(minutes)].sort((a, b) => a - b).map(one => one * minute));
  return {
    subjects: [{ index: 0, times }],
    from: 0,
    until: untilMinutes * minute,
    span: spanMinutes * minute,
  };
}

describe('the optimum', () => {
  test('needs as few looks as the best of all schedules that are never late', () => {
    const activities = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 12 });
    fc.assert(
      fc.property(activities, fc.integer({ min: 1, max: 25 }), (minutes, span) => {
        const one = world([-1, ...minutes], span, 60);
        expect(poll(one, optimum(one)).checks).toBe(fewestLooks(one));
      }),
      { numRuns: 500 },
    );
  });

  test('raises every alert at its instant', () => {
    const activities = fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(activities, fc.integer({ min: 1, max: 500 }), (minutes, span) => {
        const one = world([0, ...minutes], span, 5_000);
        expect(poll(one, optimum(one))).toMatchObject({ missed: 0, false: 0, late_p99_s: 0 });
      }),
    );
  });
});

/** By brute force over every minute at which each look might be made, from the end back to the beginning. */
function fewestLooks({ subjects, until, span }: World): number {
  const subject = subjects[0] as Subject;
  const looks: number[] = [];
  for (let now = until / minute - 1; now >= 0; now--) {
    const last = lastOf(subject, countUntil(subject, now * minute)) / minute;
    const silent = now - last >= span / minute;
    const latest = (silent ? now : last) + span / minute;
    const later = looks.slice(now + 1, latest + 1);
    looks[now] = 1 + (latest >= until / minute ? 0 : Math.min(...later));
  }
  return looks[0] as number;
}

test('fixed polling looks every so often, and misses a silence that ends in between', () => {
  const one = world([0, 100, 3_000, 9_000], 1_000, 10_000);
  expect(poll(one, every(one, 700 * minute))).toMatchObject({ checks: 15, alerts: 2, missed: 0, false: 0 });
  expect(poll(one, every(one, 3_500 * minute))).toMatchObject({ checks: 3, missed: 1, alerts: 1 });
});

test('entry_frequency looks once for each entry of the last week, every 5 minutes to every 24 hours', () => {
  const { next } = entryFrequency(world([0], 1, 1));
  const wait = (entries: number) => {
    const times = Float64Array.from({ length: entries }, (_, i) => i);
    const glance = {
      subject: { index: 0, times },
      at: day,
      count: entries,
      lastActivityAt: 0,
      alertOpen: false,
    };
    return (next(glance) - day) / minute;
  };
  expect([0, 1, 7, 70, 7_000].map(wait)).toEqual([1_440, 1_440, 1_440, 144, 5]);
});
