import { describe, expect, test } from 'vitest';
import { compare, type Raised } from './oracle.ts';

/** One account that posts at 0 s and 100 s; silence is 8 s, so episodes are due at 8 s and 108 s; the run lasts 200 s. */
const question = {
  events: new Map([['a', [0, 100_000]]]),
  silenceMs: 8_000,
  toleranceMs: 3_000,
  staleMs: 3_000,
  from: 0,
  until: 200_000,
  blind: { from: 0, until: 0 },
};
const first: Raised = { account: 'a', silentSince: 0, openedAt: 8_100 };
const second: Raised = { account: 'a', silentSince: 100_000, openedAt: 108_300 };

function verdict(raised: Raised[], change: Partial<typeof question> = {}) {
  const { missed, wrong, ...rest } = compare({ ...question, ...change, raised });
  return { ...rest, missed: missed.length, wrong: wrong.length };
}

test('every episode alerted once is right, with its lateness', () => {
  expect(verdict([first, second])).toEqual({
    expected: 2,
    optional: 0,
    missed: 0,
    wrong: 0,
    lateMs: [100, 300],
  });
});

test('an episode without an alert is missed', () => {
  expect(verdict([second])).toMatchObject({ missed: 1, wrong: 0 });
});

test('a second alert for one episode is false', () => {
  expect(verdict([first, second, { ...second, openedAt: 150_000 }])).toMatchObject({ missed: 0, wrong: 1 });
});

test('an alert before its due instant is false, and its episode missed', () => {
  expect(verdict([{ ...first, openedAt: 7_000 }, second])).toMatchObject({ missed: 1, wrong: 1 });
});

test('an alert that names another last activity is false', () => {
  expect(verdict([first, { ...second, silentSince: 99_000 }])).toMatchObject({ missed: 1, wrong: 1 });
});

test('an alert long after its episode has ended is false', () => {
  expect(verdict([{ ...first, openedAt: 103_500 }, second])).toMatchObject({ missed: 1, wrong: 1 });
});

test('an alert of an account without episodes is false', () => {
  expect(verdict([first, second, { ...first, account: 'b' }])).toMatchObject({ wrong: 1 });
});

test('an episode that ends, or becomes due, inside the tolerance may be alerted or not', () => {
  const ended = { events: new Map([['a', [0, 10_000, 12_000]]]), until: 15_000 };
  expect(verdict([], ended)).toMatchObject({ expected: 0, optional: 1, missed: 0 });
  expect(verdict([{ ...first }], ended)).toMatchObject({ expected: 0, optional: 1, wrong: 0 });
  expect(verdict([first], { until: 110_000 })).toMatchObject({ expected: 1, optional: 1, missed: 0 });
});

test('an episode due before the run began is expected too, late by the time since the run began', () => {
  const alert = { ...first, openedAt: 51_000 };
  expect(verdict([alert, second], { from: 50_000 })).toMatchObject({
    expected: 2,
    missed: 0,
    lateMs: [300, 1_000],
  });
});

describe('while X could not be seen', () => {
  const blind = { from: 105_000, until: 120_000 };

  test('an episode that became due then is expected when it can be seen again', () => {
    const late = { ...second, openedAt: 122_000 };
    expect(verdict([first, late], { blind })).toMatchObject({ expected: 2, missed: 0, wrong: 0 });
    expect(verdict([first, late], { blind }).lateMs).toEqual([100, 2_000]);
    expect(verdict([first], { blind })).toMatchObject({ missed: 1 });
  });

  test('an episode that ended before it could be seen again may be alerted or not', () => {
    const events = new Map([['a', [0, 100_000, 119_000]]]);
    const until = 124_000;
    expect(verdict([first], { events, blind, until })).toMatchObject({ expected: 1, optional: 1, missed: 0 });
  });

  test('an alert of what had ended by then is false', () => {
    const events = new Map([['a', [0, 100_000, 119_000]]]);
    const stale = { ...second, openedAt: 123_000 };
    expect(verdict([first, stale], { events, blind, until: 124_000 })).toMatchObject({ wrong: 1 });
  });

  test('an alert before its due instant is as false as ever', () => {
    expect(verdict([first, { ...second, openedAt: 107_000 }], { blind })).toMatchObject({ wrong: 1 });
  });

  test('an episode that was due in good time before is expected in good time', () => {
    expect(verdict([first], { blind: { from: 112_000, until: 180_000 } })).toMatchObject({ missed: 1 });
    const stillOpen = { ...second, openedAt: 150_000 };
    expect(verdict([first, stillOpen], { blind: { from: 112_000, until: 180_000 } })).toMatchObject({
      missed: 0,
    });
  });
});
