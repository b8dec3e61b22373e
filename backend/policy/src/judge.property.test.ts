import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judge } from './judge.ts';
import type { Known } from './judgment.ts';
import type { Pace } from './next-check.ts';
import { statusOf } from './status.ts';
import { day, hour, minute, pace, posted, start, unseen } from './test/known.ts';
import { after, playSchedule } from './test/play.ts';

const rule = { threshold: 3 * hour, grace: hour, freshness: 2 * hour, weight: 1 };
const span = rule.threshold + rule.grace;

/** Post times, at least one before the watch begins, at most 100 hours after. */
const histories = fc
  .tuple(
    fc.integer({ min: -50 * 60, max: 0 }),
    fc.array(fc.integer({ min: 1, max: 100 * 60 }), { maxLength: 40 }),
  )
  .map(([first, later]) =>
    [...new Set([first, ...later])].sort((a, b) => a - b).map(m => start + m * minute),
  );

const checkTimes = fc
  .array(fc.integer({ min: 0, max: 110 * 60 * 60 }), { minLength: 1, maxLength: 60 })
  .map(seconds => [...new Set(seconds)].sort((a, b) => a - b).map(second => start + second * 1_000));

function lastBefore(history: number[], at: number): number {
  return history.findLast(time => time <= at) as number;
}

function observe(history: number[]) {
  return (at: number) => posted(lastBefore(history, at), history.filter(time => time <= at).length);
}

/** The truth, by brute force over all checks so far: which agree, and which of them the alert may rest on. */
function truth(history: number[], checks: number[], at: number): boolean {
  const last = lastBefore(history, at);
  const due = last + span;
  const inThisSilence = checks.filter(check => check >= last && check <= at);
  return inThisSilence.some(
    second =>
      second >= due &&
      inThisSilence.some(first => first >= due - pace.confirmDelay && second - first >= pace.confirmDelay),
  );
}

test('for any history and any check times, an alert is open exactly when two looks prove threshold + grace of silence', () => {
  fc.assert(
    fc.property(histories, checkTimes, (history, checks) => {
      let known = unseen({ rule });
      const done: number[] = [];
      for (const at of checks) {
        const judgment = judge(known, observe(history)(at), { observedAt: at, pace, random: 0 });
        done.push(at);
        known = after(known, judgment);
        expect(known.unresolvedAlerts.includes('inactivity')).toBe(truth(history, done, at));
        for (const alert of judgment.opened)
          expect(at - (alert.silentSince as number)).toBeGreaterThanOrEqual(span);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('followed on its own schedule, every silence is alerted once, at the very instant it becomes true', () => {
  fc.assert(
    fc.property(histories, history => {
      const until = start + 110 * hour;
      const played = playSchedule(unseen({ rule }), observe(history), { from: start, until }, pace);
      const episodes = history
        .map((time, i) => ({ due: time + span, end: history[i + 1] ?? Infinity }))
        .filter(({ due, end }) => end > due && due >= start + 2 * pace.confirmDelay && due <= until);
      const prompt = played.alerts.filter(
        alert => !alert.baseline && alert.becameTrueAt >= start + 2 * pace.confirmDelay,
      );
      expect(prompt.map(alert => alert.at)).toEqual(episodes.map(({ due }) => due));
    }),
    { numRuns: 1_000 },
  );
});

test('however eager freshness is, and whatever chance does to it, the alerts come at the same instants', () => {
  const chances = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }));
  const eagerness = fc.constantFrom(10 * minute, hour, day, Infinity);
  fc.assert(
    fc.property(histories, chances, eagerness, eagerness, (history, chance, freshnessK, freshness) => {
      const until = start + 110 * hour;
      const play = (known: Known, eager: Pace, random: () => number) =>
        playSchedule(known, observe(history), { from: start, until }, eager, random)
          .alerts.filter(alert => alert.becameTrueAt >= start + 2 * pace.confirmDelay)
          .map(alert => alert.at);
      const lazy = { ...pace, freshnessK: Infinity };
      const patient = { ...rule, freshness: Infinity };
      const eager = { ...pace, freshnessK };
      expect(play(unseen({ rule: { ...rule, freshness } }), eager, () => chance.next().value)).toEqual(
        play(unseen({ rule: patient }), lazy, () => 0),
      );
    }),
    { numRuns: 300 },
  );
});

test('a profile already silent when first seen is a baseline alert, raised as soon as it is confirmed', () => {
  const old = start - 30 * day;
  const played = playSchedule(unseen(), () => posted(old), { from: start, until: start + 40 * day }, pace);
  expect(played.alerts.map(({ at, baseline, silentSince }) => ({ at, baseline, silentSince }))).toEqual([
    { at: start + pace.confirmDelay, baseline: true, silentSince: old },
  ]);
});

test('looking without evidence never opens an alert, whatever the order of good and bad answers', () => {
  const answers = fc.array(fc.constantFrom('good', 'unknown', 'missing'), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(
      histories,
      answers,
      fc.array(fc.integer({ min: 1, max: 9 * hour }), { minLength: 30, maxLength: 30 }),
      (history, kinds, gaps) => {
        let known = unseen({ rule });
        let at = start;
        const good: number[] = [];
        kinds.forEach((kind, i) => {
          at += gaps[i] as number;
          const answer = observe(history)(at);
          const missing = { ...answer, lastPost: { kind: 'missing' } as const };
          const observation =
            kind === 'good'
              ? answer
              : kind === 'missing'
                ? missing
                : ({ kind: 'unknown', reason: 'not_answered' } as const);
          const judgment = judge(known, observation, { observedAt: at, pace, random: 0 });
          if (kind === 'good') good.push(at);
          if (kind === 'unknown') expect(judgment.opened).toEqual([]);
          const opens = judgment.opened.some(alert => alert.kind === 'inactivity');
          if (opens) expect(truth(history, good, at)).toBe(true);
          known = after(known, judgment);
        });
      },
    ),
    { numRuns: 500 },
  );
});

test('status never claims more than was seen', () => {
  fc.assert(
    fc.property(histories, checkTimes, fc.integer({ min: 0, max: 20 * 60 }), (history, checks, later) => {
      let known = unseen({ rule });
      for (const at of checks) {
        known = after(known, judge(known, observe(history)(at), { observedAt: at, pace, random: 0 }));
        const now = at + later * minute;
        const status = statusOf({ ...known, paused: false }, rule, now);
        const seenLast = lastBefore(history, at);
        if (status === 'active') expect(now - seenLast).toBeLessThan(rule.threshold);
        if (status === 'inactive') expect(at - seenLast).toBeGreaterThanOrEqual(span);
        if (status === 'late' || status === 'unknown')
          expect(now - seenLast).toBeGreaterThanOrEqual(rule.threshold);
        if (at - seenLast >= span) expect(status).toBe('inactive');
      }
    }),
  );
});

test('last activity never moves back, even when the newest post vanishes', () => {
  const times = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 2, maxLength: 30 });
  fc.assert(
    fc.property(times, shown => {
      let known = unseen({ rule });
      let highest = -Infinity;
      shown.forEach((minutes, i) => {
        const at = start + 2_000 * minute + i * 10 * minute;
        known = after(
          known,
          judge(known, posted(start + minutes * minute), { observedAt: at, pace, random: 0 }),
        );
        expect(known.lastActivityAt).toBeGreaterThanOrEqual(highest);
        highest = known.lastActivityAt as number;
      });
    }),
  );
});
