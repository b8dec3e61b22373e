import type { Spent } from '@app/database/spend';
import type { LookUp } from '@app/x-api/client';
import { expect, test } from 'vitest';
import type { Asked } from '../ask.ts';
import { headroomOf, meter, xNow } from './meter.ts';
import type { Permit } from './permit.ts';

const at = Date.UTC(2026, 0, 1);
const answer: LookUp = {
  observations: [{ kind: 'not_found' }, { kind: 'unknown', reason: 'not_answered' }],
  upstream: { state: 'ok' },
  rate: { limit: 300, remaining: 12, resetAt: at + 60_000 },
  returned: 0,
  answeredAt: at,
};

function permitAt(
  callAt: number,
  again: Permit['again'] = async () => 'stopped',
): Permit & { returned: number } {
  const permit = {
    reserved: 5,
    day: '2026-01-01',
    trying: false,
    callAt,
    toleranceMs: 10,
    again,
    returned: 0,
    unused: () => void permit.returned++,
  };
  return permit;
}

const asked = (profileId: string, groupId: number, checkedAt: number | null): Asked => ({
  profileId,
  handle: null,
  groupId,
  checkedAt,
});
const two = [asked('1', 1, null), asked('2', 2, null)];

function metered(permit: Permit, shown = answer) {
  const calls: number[] = [];
  const spent: Spent[] = [];
  const ask = async () => {
    calls.push(performance.now());
    return shown;
  };
  const onSpent = async (_: LookUp, one: Spent) => void spent.push(one);
  return { calls, spent, meter: meter(ask, { permit, tookToLoad: () => undefined, onSpent }) };
}

test('a call begins at its time and not before, and is told with what it reserved', async () => {
  const permit = permitAt(performance.now() + 50);
  const { calls, spent, meter } = metered(permit);
  await meter.ask(two);
  meter.end();
  expect(calls[0]).toBeGreaterThanOrEqual(permit.callAt - 2);
  expect(spent[0]).toMatchObject({
    reserved: 5,
    groups: [
      { groupId: 1, asked: 1 },
      { groupId: 2, asked: 1 },
    ],
  });
  expect(permit.returned).toBe(0);
});

test('what was spent is told by group, and who was shown before on the same day', async () => {
  const user = { kind: 'seen' } as LookUp['observations'][number];
  const { spent, meter } = metered(permitAt(performance.now()), {
    ...answer,
    observations: [user, user, user, { kind: 'not_found' }],
    returned: 4,
  });
  const midnight = Date.UTC(2026, 0, 1);
  await meter.ask([
    asked('1', 7, midnight),
    asked('2', 7, midnight - 1),
    asked('3', 8, null),
    asked('4', 8, midnight),
  ]);
  expect(spent[0]).toEqual({
    groups: [
      { groupId: 7, asked: 2, returned: 2, repeats: 1 },
      { groupId: 8, asked: 2, returned: 1, repeats: 0 },
    ],
    returned: 4,
    reserved: 5,
    day: '2026-01-01',
  });
});

test('a call that comes too late takes the next permit', async () => {
  const next = permitAt(performance.now() + 60);
  const { calls, meter } = metered(permitAt(performance.now() - 50, async () => next));
  await meter.ask(two);
  expect(calls[0]).toBeGreaterThanOrEqual(next.callAt - 2);
});

test('a call for which there is no further permit is not made, and says nothing about anybody', async () => {
  const { calls, spent, meter } = metered(permitAt(performance.now() - 50));
  const { observations, upstream } = await meter.ask(two);
  expect([calls.length, spent.length, upstream.state]).toEqual([0, 0, 'aborted']);
  expect(observations.map(one => one.kind)).toEqual(['unknown', 'unknown']);
});

test('a call that would come long after its rows were loaded is not made: its evidence would be dated wrongly', async () => {
  const next = permitAt(performance.now() + 20_000);
  const { calls, meter } = metered(permitAt(performance.now() - 50, async () => next));
  expect((await meter.ask(two)).upstream.state).toBe('aborted');
  expect([calls.length, next.returned]).toEqual([0, 1]);
});

test('a permit without a call is given back', () => {
  const permit = permitAt(performance.now());
  metered(permit).meter.end();
  expect(permit.returned).toBe(1);
});

test('the time until a reset is told by X own clock, whose seconds ours fills in where it agrees', () => {
  expect(xNow(answer, at + 400)).toBe(at + 400);
  expect(xNow(answer, at + 300_000)).toBe(at + 999);
  expect(xNow(answer, at - 300_000)).toBe(at);
  expect(headroomOf(answer, at - 300_000)).toEqual({ limit: 300, remaining: 12, resetInMs: 60_000 });
});

test('the headers that come with a usage cap are of another limit, and are not taken for this one', () => {
  const capped = { state: 'cap_exceeded', period: 'Monthly', scope: 'Product' } as const;
  const rate = { limit: 40_000, remaining: 39_999, resetAt: at + 60_000 };
  expect(headroomOf({ ...answer, upstream: capped, rate }, at)).toBeNull();
});

test('a missing header says nothing, a reset that has passed neither, and one next year is not believed', () => {
  expect(headroomOf({ ...answer, rate: null }, at)).toBeNull();
  expect(headroomOf({ ...answer, rate: { limit: 1, remaining: 0, resetAt: at - 1 } }, at)).toBeNull();
  const { resetInMs } =
    headroomOf({ ...answer, rate: { limit: 1, remaining: 0, resetAt: at * 2 } }, at) ?? {};
  expect(resetInMs).toBe(16 * 60_000);
});
