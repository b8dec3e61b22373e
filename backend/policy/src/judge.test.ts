import { describe, expect, test } from 'vitest';
import { judge } from './judge.ts';
import type { Observation, Seen } from './observation.ts';
import { day, hour, minute, pace, posted, start, unseen } from './test/known.ts';
import { after, playSchedule } from './test/play.ts';

const look = (observedAt: number) => ({ observedAt, pace, random: 0.5 });

/** Seen an hour after its post, at the start of the watch. */
const known = after(unseen(), judge(unseen(), posted(start - hour), look(start)));

describe('what counts as activity', () => {
  const cases: [string, Partial<Seen>, string[]][] = [
    ['a newer post', posted(start + hour, 2), ['post']],
    ['the same post again', {}, []],
    ['a count of posts that rose without a newer post', { postCount: 2 }, ['post']],
    ['a count of posts that fell', { postCount: 0 }, []],
    ['more likes given', { likeCount: 6 }, ['like']],
    ['fewer likes: others can cause that', { likeCount: 4 }, []],
    ['more accounts followed', { followingCount: 6 }, ['follow']],
    ['a profile edited', { profileHash: 'b' }, ['profile_change']],
    [
      'counts that X left out',
      { likeCount: null, followingCount: null, postCount: null, profileHash: null },
      [],
    ],
  ];
  test.each(cases)('%s', (_, change, kinds) => {
    const judgment = judge(known, { ...posted(start - hour), ...change }, look(start + 2 * hour));
    expect(judgment.activities.map(activity => activity.kind)).toEqual(kinds);
  });

  test('an act without a time of its own carries the window in which it happened, and counts as its end', () => {
    const judgment = judge(known, posted(start - hour, 1, { likeCount: 6 }), look(start + 2 * hour));
    expect(judgment.activities).toEqual([
      { kind: 'like', occurredAt: start + 2 * hour, windowFrom: start, postId: null },
    ]);
    expect(judgment.state.lastActivityAt).toBe(start + 2 * hour);
  });

  test('an account that never posted has been silent since it was made', () => {
    const made = start - 100 * day;
    const never = posted(0, 0, { lastPost: { kind: 'none' }, createdAt: made });
    const { alerts, known: last } = playSchedule(
      unseen(),
      () => never,
      { from: start, until: start + day },
      pace,
    );
    expect(last.lastActivityAt).toBe(made);
    expect(alerts.map(alert => [alert.kind, alert.baseline])).toEqual([['inactivity', true]]);
  });

  test('a last post from before November 2010 is silence since at least then', () => {
    const old = posted(0, 3, { lastPost: { kind: 'before_2010', id: '20' } });
    const judgment = judge(unseen(), old, look(start));
    expect(judgment.activities).toEqual([]);
    expect(new Date(judgment.state.lastActivityAt as number).toISOString()).toBe('2010-11-04T01:42:54.657Z');
  });
});

describe('an answer without evidence', () => {
  const unknowns: [string, Observation][] = [
    ['no answer', { kind: 'unknown', reason: 'not_answered' }],
    ['the last post left out', posted(start, 5, { lastPost: { kind: 'missing' } })],
    [
      'no post ever, and no word of when the account was made',
      posted(0, 0, { lastPost: { kind: 'none' }, createdAt: null }),
    ],
  ];
  test.each(unknowns)('%s: nothing known changes, and we look again soon', (_, observation) => {
    const at = start + 30 * day;
    const judgment = judge({ ...known, lastActivityAt: known.lastActivityAt }, observation, look(at));
    expect(judgment).toMatchObject({
      opened: [],
      resolved: [],
      activities: [],
      state: { checkedAt: start, failures: 1 },
    });
    expect(judgment.next.at - at).toBeLessThanOrEqual(pace.retryBase);
  });

  test('failures in a row back off to the cap, and one success ends it', () => {
    let state = known;
    const waits: number[] = [];
    for (let i = 0; i < 12; i++) {
      const judgment = judge(state, { kind: 'unknown', reason: 'request_failed' }, look(start + day));
      waits.push(judgment.next.at - start - day);
      state = after(state, judgment);
    }
    expect(waits.slice(0, 3)).toEqual([3_750, 7_500, 15_000]);
    expect(waits.at(-1)).toBe(pace.retryCap * 0.75);
    expect(judge(state, posted(start), look(start + day)).state.failures).toBe(0);
  });

  test('it is not repeated before X may be asked again', () => {
    const notBefore = start + day + hour;
    const judgment = judge(
      known,
      { kind: 'unknown', reason: 'request_failed' },
      { ...look(start + day), notBefore },
    );
    expect(judgment.next.at).toBe(notBefore);
  });
});

describe.each(['suspended', 'not_found', 'protected'] as const)('an account that is %s', kind => {
  const gone: Observation = kind === 'protected' ? posted(start - hour, 1, { protected: true }) : { kind };

  test('is never inactive, and is told once, after a second look agrees', () => {
    const { alerts, known: last } = playSchedule(
      known,
      () => gone,
      { from: start + hour, until: start + 90 * day },
      pace,
    );
    expect(alerts.map(alert => [alert.kind, alert.at])).toEqual([[kind, start + hour + minute]]);
    expect(last.accountState).toBe(kind);
  });

  test('is not told when the second look disagrees', () => {
    const observe = (at: number) => (at === start + hour ? gone : posted(start - hour));
    const { alerts } = playSchedule(known, observe, { from: start + hour, until: start + day }, pace);
    expect(alerts).toEqual([]);
  });

  test('ends its alert when it comes back, and its silence then counts from the last activity', () => {
    const back = start + 20 * day;
    const observe = (at: number) => (at < back ? gone : posted(start - hour));
    const { alerts, known: last } = playSchedule(
      known,
      observe,
      { from: start + hour, until: back + 9 * day },
      pace,
    );
    expect(alerts.map(alert => alert.kind)).toEqual([kind, 'inactivity']);
    expect(last.unresolvedAlerts).toEqual(['inactivity']);
  });
});

describe('alerts', () => {
  const silent = playSchedule(
    known,
    () => posted(start - hour),
    { from: start + hour, until: start + 20 * day },
    pace,
  );

  test('carry their evidence', () => {
    const deadline = start - hour + 8 * day;
    expect(silent.alerts).toEqual([
      {
        kind: 'inactivity',
        at: deadline,
        baseline: false,
        becameTrueAt: deadline,
        silentSince: start - hour,
        suspectedAt: deadline - pace.confirmDelay,
        confirmedAt: deadline,
        formerHandle: null,
        newHandle: null,
      },
    ]);
  });

  test('end with newer activity, and say which', () => {
    const at = start + 21 * day;
    const judgment = judge(silent.known, posted(at - hour, 2), look(at));
    expect(judgment.resolved).toEqual([{ kind: 'inactivity', activityAt: at - hour }]);
    expect(judgment.next.lane).toBe('checks.fresh');
  });

  test('end when the policy becomes more patient than the silence is long', () => {
    const patient = { ...silent.known, rule: { threshold: 365 * day, grace: 0, freshness: day, weight: 1 } };
    const judgment = judge(patient, posted(start - hour), look(start + 21 * day));
    expect(judgment.resolved).toEqual([{ kind: 'inactivity', activityAt: null }]);
  });

  test('of a rename name both handles, and the profile stays the same', () => {
    const judgment = judge(known, posted(start - hour, 1, { handle: 'jack2' }), look(start + hour));
    expect(judgment.opened).toMatchObject([{ kind: 'renamed', formerHandle: 'jack', newHandle: 'jack2' }]);
    expect(judgment.identity).toEqual({ handle: 'jack2', name: null });
  });

  test('are not raised for another spelling of the same handle', () => {
    const judgment = judge(known, posted(start - hour, 1, { handle: 'Jack' }), look(start + hour));
    expect(judgment).toMatchObject({ opened: [], identity: { handle: 'Jack' } });
  });
});
