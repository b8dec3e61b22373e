import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holdBack, type Source } from './guard-hold.ts';
import { judge } from './judge.ts';
import type { Known } from './judgment.ts';
import type { Observation } from './observation.ts';
import { day, hour, minute, pace, posted, start, unseen } from './test/known.ts';
import { after } from './test/play.ts';

const trusted: Source = { health: 'normal', since: 0, demanded: false, watermark: null };
const deadline = start - hour + 8 * day;

/** Silent since an hour before the start, and suspected just before the deadline. */
const suspected = [start, deadline - minute].reduce<Known>(
  (known, at) => after(known, judge(known, posted(start - hour), { observedAt: at, pace, random: 0.5 })),
  unseen(),
);

function look(
  source: Partial<Source>,
  at = deadline,
  observation: Observation = posted(start - hour),
  known = suspected,
) {
  const judgment = judge(known, observation, { observedAt: at, pace, random: 0.5 });
  return holdBack(judgment, { ...trusted, ...source }, { observedAt: at, least: minute, most: 15 * minute });
}

test('while the source is trusted, an alert opens as it was judged', () => {
  const { judgment, held } = look({});
  expect(judgment.opened.map(alert => alert.kind)).toEqual(['inactivity']);
  expect(held).toEqual([]);
});

describe.each(['suspect', 'incident', 'recovering'] as const)('while the source is %s', health => {
  test('no alert opens, the first look stays remembered, and the profile is looked at again soon', () => {
    const { judgment, held } = look({ health });
    expect(judgment.opened).toEqual([]);
    expect(held.length).toBe(1);
    expect(judgment.state).toMatchObject({ suspectedAt: deadline - minute, deadline, checkedAt: deadline });
    expect(judgment.next).toMatchObject({ at: deadline + minute, lane: 'checks.deadline' });
  });

  test.each(['suspended', 'not_found'] as const)('nor does one of an account that is %s', kind => {
    const once = after(suspected, judge(suspected, { kind }, { observedAt: deadline, pace, random: 0 }));
    const { judgment, held } = look({ health }, deadline + minute, { kind }, once);
    expect([judgment.opened.length, held.length]).toEqual([0, 1]);
    expect(judgment.state.accountState).toBe(kind);
  });

  test('a rename that was not told is still new at the next look', () => {
    const renamed = posted(start - hour, 1, { handle: 'jack2' });
    const { judgment } = look({ health }, start + hour, renamed);
    expect(judgment).toMatchObject({ opened: [], identity: null });
    expect(look({}, start + 2 * hour, renamed).judgment.opened).toMatchObject([{ kind: 'renamed' }]);
  });
});

test('a look that began before the source was trusted again opens nothing', () => {
  expect(look({ since: deadline + 1 }).judgment.opened).toEqual([]);
  expect(look({ since: deadline }).judgment.opened.length).toBe(1);
});

test('once the source is trusted, the alert opens from a fresh look', () => {
  const known = after(suspected, look({ health: 'incident' }).judgment);
  const { judgment } = look({ since: deadline + hour }, deadline + 2 * hour, posted(start - hour), known);
  expect(judgment.opened).toMatchObject([{ kind: 'inactivity', becameTrueAt: deadline }]);
});

test('what was held is not released when the fresh look shows activity', () => {
  const known = after(suspected, look({ health: 'incident' }).judgment);
  const { judgment } = look({}, deadline + 2 * hour, posted(deadline + hour, 2), known);
  expect(judgment.opened).toEqual([]);
});

describe('where the watermark is demanded', () => {
  test('an alert waits until somebody is seen to have posted at or after its deadline', () => {
    expect(look({ demanded: true, watermark: null }).judgment.opened).toEqual([]);
    expect(look({ demanded: true, watermark: deadline - 1 }).judgment.opened).toEqual([]);
    expect(look({ demanded: true, watermark: deadline }).judgment.opened.length).toBe(1);
  });

  test('a hold of any length costs a number of looks that grows with its logarithm, and none is further than the most', () => {
    let known = suspected;
    let at = deadline;
    let looks = 0;
    while (at < deadline + hour) {
      const { judgment } = look({ demanded: true }, at, posted(start - hour), known);
      known = after(known, judgment);
      expect(judgment.next.at - at).toBeLessThanOrEqual(15 * minute);
      at = judgment.next.at;
      looks++;
    }
    expect(looks).toBeLessThanOrEqual(12);
  });
});

/**
 * The claim, by brute force: sources that freeze at any instant, for any time, over any histories and looks, with no sign
 * noticed by anyone (the health stays `normal`). No alert may be about a profile that posted before its deadline.
 */
test('a source that freezes, unnoticed, at any instant never causes a false alert', () => {
  const rule = { ...unseen().rule, threshold: 3 * hour, grace: hour };
  const span = rule.threshold + rule.grace;
  const times = fc.array(fc.integer({ min: 0, max: 40 * 60 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(
      fc.array(times, { minLength: 2, maxLength: 4 }),
      fc.integer({ min: 0, max: 40 * 60 }),
      fc.integer({ min: 0, max: 40 * 60 }),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 60 })), { minLength: 10, maxLength: 120 }),
      (drawn, freezesAt, frozenFor, looks) => {
        const histories = drawn.map(one => one.map(m => start + m * minute).sort((a, b) => a - b));
        const freeze = start + freezesAt * minute;
        const worldAt = (now: number) => (now >= freeze && now < freeze + frozenFor * minute ? freeze : now);
        const known = histories.map(() => unseen({ rule }));
        let watermark: number | null = null;
        let at = start;
        for (const [chosen, wait] of looks) {
          at += wait * minute;
          const i = chosen % histories.length;
          const history = histories[i]!;
          const shown = history.filter(time => time <= worldAt(at));
          if (shown.length === 0) continue;
          const judgment = judge(known[i]!, posted(shown.at(-1)!, shown.length), {
            observedAt: at,
            pace,
            random: 0,
          });
          const source: Source = { ...trusted, demanded: true, watermark };
          const told = holdBack(judgment, source, { observedAt: at, least: minute, most: hour }).judgment;
          known[i] = after(known[i]!, told);
          watermark = Math.max(watermark ?? 0, shown.at(-1)!);
          for (const alert of told.opened) {
            const since = alert.silentSince as number;
            expect(history.some(time => time > since && time < since + span)).toBe(false);
          }
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a source that falls back in time and returns is no activity of anybody', () => {
  const known = after(
    unseen(),
    judge(unseen(), posted(start - hour, 9), { observedAt: start, pace, random: 0 }),
  );
  const fallenBack = posted(start - day, 7, { likeCount: 3, followingCount: 2 });
  const during = after(known, judge(known, fallenBack, { observedAt: start + hour, pace, random: 0 }));
  expect(during).toMatchObject({ postCount: 9, likeCount: 5, followingCount: 5 });
  const returned = judge(during, posted(start - hour, 9), { observedAt: start + 2 * hour, pace, random: 0 });
  expect([returned.activities, returned.state.lastActivityAt]).toEqual([[], start - hour]);
});
