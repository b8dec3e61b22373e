import { describe, expect, test } from 'vitest';
import { afterDowntime, assess, type GuardSettings, type Standing } from './guard.ts';
import { type Counts, noCounts, sumOf } from './guard-counts.ts';
import type { Canary, View } from './guard-signs.ts';
import { day, hour, minute, start } from './test/known.ts';

const settings: GuardSettings = {
  minute,
  quiet: 15 * minute,
  canaryGaps: 3,
  watermark: 'auto',
  posters: 20,
  downtime: 10 * minute,
};

const normal: Standing = {
  health: 'normal',
  since: start - day,
  signAt: null,
  incident: false,
  demanded: false,
};

/** A day of a healthy source with a thousand looks a minute, and a healthy minute now. */
const healthy: View = {
  recent: {
    ...noCounts,
    looks: 2_000,
    shown: 1_980,
    again: 1_950,
    fresh: 200,
    missing: 10,
    unanswered: 5,
    regressed: 4,
    gone: 1,
    due: 4,
  },
  baseline: {
    ...noCounts,
    looks: 1_000_000,
    shown: 990_000,
    again: 975_000,
    fresh: 100_000,
    missing: 5_000,
    unanswered: 2_500,
    regressed: 2_000,
    gone: 500,
    due: 2_000,
    minutes: 1_000,
    usualLag: minute,
  },
  watermark: start - minute,
  lastOkAt: start,
  failing: null,
  canaries: [],
  posters: 50,
};

const at = (change: Partial<View>, recent: Partial<Counts> = {}) => ({
  ...healthy,
  ...change,
  recent: { ...healthy.recent, ...recent },
});
const healthOf = (view: View, before = normal, now = start) =>
  assess(before, view, now, settings).standing.health;

test('a healthy source is normal, and nothing speaks against it', () => {
  expect(assess(normal, healthy, start, settings)).toEqual({
    standing: { ...normal, demanded: true },
    reasons: [],
  });
});

describe('signs against the source', () => {
  const cases: [string, View, string, RegExp][] = [
    [
      'the last post missing for a third',
      at({}, { missing: 660 }),
      'suspect',
      /33.3 % .* without their last post \(usually 0.5 %\)/,
    ],
    ['the last post missing for all', at({}, { missing: 1_980 }), 'incident', /100 %/],
    ['half of the profiles left out', at({}, { unanswered: 1_000 }), 'suspect', /left out/],
    ['all of them left out', at({}, { unanswered: 2_000 }), 'incident', /left out/],
    ['a world that fell back in time', at({}, { regressed: 600 }), 'incident', /older post than before/],
    ['a third of the profiles suddenly gone', at({}, { gone: 600 }), 'incident', /suddenly/],
    [
      'a flood of new alerts',
      at({}, { due: 300 }),
      'suspect',
      /15 % of the looks would raise an alert \(usually 0.2 %\)/,
    ],
    [
      'only errors for a minute',
      at({ failing: { since: start - minute, as: 'unavailable (503)' } }),
      'suspect',
      /not answered for 60 s: unavailable/,
    ],
    [
      'only errors for two',
      at({ failing: { since: start - 2 * minute, as: 'out_of_credit' } }),
      'incident',
      /out_of_credit/,
    ],
    [
      'no newer post of anybody for 15 minutes',
      at({ watermark: start - 15 * minute }),
      'suspect',
      /newest post .* is 15 min old \(usually 60 s\)/,
    ],
    ['none for half an hour', at({ watermark: start - 30 * minute }), 'incident', /30 min/],
    [
      'many looks, none of which finds anything new',
      at({ watermark: start - 3 * minute }, { fresh: 0 }),
      'suspect',
      /0 of 1950 looks/,
    ],
  ];
  test.each(cases)('%s', (_, view, health, words) => {
    const { standing, reasons } = assess(normal, view, start, settings);
    expect(standing.health).toBe(health);
    expect(reasons[0]).toMatch(words);
  });

  test('one odd profile is not the source: small numbers say nothing without a baseline', () => {
    const small = {
      ...healthy,
      baseline: { ...noCounts, minutes: 0, usualLag: null },
      posters: 1,
      watermark: start - 8 * day,
    };
    const recent: Counts = { ...noCounts, looks: 3, shown: 3, missing: 3, again: 3, due: 3, gone: 3 };
    expect(healthOf({ ...small, recent })).toBe('normal');
  });

  test('a source that always leaves fields out for some is judged by its own baseline', () => {
    const baseline = { ...healthy.baseline, missing: 150_000 };
    expect(healthOf({ ...at({}, { missing: 330 }), baseline })).toBe('normal');
    expect(healthOf({ ...at({}, { missing: 1_600 }), baseline })).toBe('suspect');
  });

  test('looks that find nothing new are no sign while anybody is seen to post', () => {
    expect(healthOf(at({ watermark: start - 1_000 }, { fresh: 1 }))).toBe('normal');
  });
});

describe('canaries', () => {
  const canary = (silentFor: number): Canary => ({
    lastActivityAt: start - silentFor,
    checkedAt: start,
    usualGap: 8 * hour,
  });

  test('one of three that is silent says nothing, two are suspicious, all are an incident', () => {
    const of = (...hours: number[]) => healthOf(at({ canaries: hours.map(hours => canary(hours * hour)) }));
    expect([of(30, 1, 1), of(30, 30, 1), of(30, 30, 30), of(30), of(23)]).toEqual([
      'normal',
      'suspect',
      'incident',
      'suspect',
      'normal',
    ]);
  });

  test('are not silent while nobody looks', () => {
    const unseen = { ...canary(90 * hour), checkedAt: start - 89 * hour };
    expect(healthOf(at({ canaries: [unseen] }))).toBe('normal');
  });
});

describe('trust', () => {
  const suspect: Standing = { ...normal, health: 'suspect', since: start - minute, signAt: start - minute };
  const incident: Standing = { ...suspect, health: 'incident', incident: true };
  const recovering: Standing = { ...incident, health: 'recovering', since: start };
  const doubtful = at({}, { missing: 660 });

  test('comes back to a suspect when there was no sign for a minute and X has answered', () => {
    expect(healthOf(healthy, suspect)).toBe('normal');
    expect(healthOf(healthy, { ...suspect, signAt: start - minute + 1 })).toBe('suspect');
    expect(healthOf(at({ lastOkAt: start - 2 * minute }), suspect)).toBe('suspect');
  });

  test('is lost altogether by a suspicion that lasts two minutes', () => {
    expect(healthOf(doubtful, { ...suspect, since: start - 2 * minute + 1 })).toBe('suspect');
    expect(healthOf(doubtful, { ...suspect, since: start - 2 * minute })).toBe('incident');
  });

  test('comes back after an incident by way of recovery, and the incident is open until then', () => {
    expect(assess(incident, healthy, start, settings).standing).toMatchObject({
      health: 'recovering',
      incident: true,
    });
    const answered = at({ lastOkAt: start + minute });
    expect(healthOf(answered, recovering, start + minute - 1)).toBe('recovering');
    expect(assess(recovering, answered, start + minute, settings).standing).toMatchObject({
      health: 'normal',
      incident: false,
    });
  });

  test('in a recovery, any sign is the same incident again', () => {
    expect(assess(recovering, doubtful, start + 1, settings).standing).toMatchObject({
      health: 'incident',
      incident: true,
    });
  });

  test('after a downtime has to be earned: X must have answered since', () => {
    const lastOkAt = start - hour;
    const before = afterDowntime(normal, lastOkAt, start, settings);
    expect(before.health).toBe('recovering');
    expect(assess(before, at({ lastOkAt }), start + hour, settings)).toMatchObject({
      standing: { health: 'recovering', incident: false },
      reasons: [expect.stringMatching(/checks run first/)],
    });
    expect(healthOf(at({ lastOkAt: start + 1 }), before, start + minute)).toBe('normal');
  });

  test('is not doubted after a short stop, nor before the first look of all', () => {
    expect(afterDowntime(normal, start - minute, start, settings)).toBe(normal);
    expect(afterDowntime(normal, null, start, settings)).toBe(normal);
  });
});

describe('the watermark', () => {
  const demanded = (view: View, before = normal, mode = settings.watermark) =>
    assess(before, view, start, { ...settings, watermark: mode }).standing.demanded;

  test('is demanded where many profiles move it often', () => {
    expect(demanded(healthy)).toBe(true);
    expect(demanded(at({ posters: 19 }))).toBe(false);
    expect(demanded(at({ baseline: { ...healthy.baseline, usualLag: 16 * minute } }))).toBe(false);
    expect(demanded(at({ baseline: { ...healthy.baseline, minutes: 9 } }))).toBe(false);
  });

  test('is demanded of a small instance when it has a canary that posts daily', () => {
    const small = (usualGap: number | null) =>
      at({
        posters: 1,
        baseline: { ...noCounts, minutes: 0, usualLag: null },
        canaries: [{ lastActivityAt: start, checkedAt: start, usualGap }],
      });
    expect([demanded(small(8 * hour)), demanded(small(2 * day)), demanded(small(null))]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('does not come and go at its limit', () => {
    const slow = at({ baseline: { ...healthy.baseline, usualLag: 20 * minute } });
    expect([demanded(slow), demanded(slow, { ...normal, demanded: true })]).toEqual([false, true]);
  });

  test('is not argued away by the freeze that it watches for', () => {
    const frozen = at({ posters: 0, baseline: { ...healthy.baseline, usualLag: day } });
    expect(demanded(frozen, { ...normal, health: 'incident', incident: true, demanded: true })).toBe(true);
  });

  test('follows the setting where there is one', () => {
    expect([demanded(at({ posters: 0 }), normal, 'always'), demanded(healthy, normal, 'never')]).toEqual([
      true,
      false,
    ]);
  });
});

test('counts add up', () => {
  const sum = sumOf([healthy.recent, healthy.recent]);
  expect([sum.looks, sum.due, sum.opened]).toEqual([4_000, 8, 0]);
});
