import type { Ask, Reservation, Unused } from '@app/database/budget';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createDatabaseClock } from './clock.ts';
import type { Permit, PermitsOptions } from './permit.ts';
import { Permits } from './permits.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** The database's clock is years apart from ours: only differences may count. */
const epoch = Date.UTC(2001, 0);
const databaseNow = () => epoch + performance.now();
const later = databaseNow() + 1e9;

interface Fake {
  readonly permits: Permits;
  readonly asks: Ask[];
  readonly returned: Unused[];
  readonly rests: number[];
  answer: (ask: Ask) => Reservation | Error;
  blocked: boolean | Error;
}

function grant(stepMs: number, first = 0, trying = false): (ask: Ask) => Reservation {
  let next = databaseNow() + first;
  return ({ permits, users }) => {
    const now = databaseNow();
    const base = Math.max(now, next);
    next = base + permits * stepMs;
    return {
      granted: true,
      now,
      freshnessK: 5,
      stepMs,
      slots: Array.from({ length: permits }, (_, i) => base + i * stepMs),
      end: next,
      worst: users * 10,
      day: '2026-01-01',
      price: { micro: 10, pricing: 'per_user' },
      trying,
    };
  };
}

function refuse(
  refusal: 'rate_limited' | 'daily_cap' | 'out_of_credit',
  ms: number,
): (ask: Ask) => Reservation {
  return () => ({
    granted: false,
    now: databaseNow(),
    freshnessK: null,
    stepMs: 20,
    refusal,
    until: databaseNow() + ms,
  });
}

function start(answer: Fake['answer'], options: Partial<PermitsOptions> = {}): Fake {
  const asks: Ask[] = [];
  const returned: Unused[] = [];
  const rests: number[] = [];
  const fake = { asks, returned, rests, answer, blocked: false as boolean | Error };
  const limiter = {
    async reserve(ask: Ask) {
      asks.push(ask);
      const reservation = fake.answer(ask);
      if (reservation instanceof Error) throw reservation;
      return reservation;
    },
    giveBack: async (unused: Unused) => void returned.push(unused),
    async isBlocked() {
      if (fake.blocked instanceof Error) throw fake.blocked;
      return fake.blocked;
    },
  };
  const permits = new Permits({
    limiter,
    tryMs: 60_000,
    retryMs: 100,
    retryCapMs: 1_000,
    onRefused: (_, __, ms) => void rests.push(ms),
    onUnreachable: (_, ms) => void rests.push(ms),
    onForfeit: () => undefined,
    onTaken: () => undefined,
    ...options,
  });
  return Object.assign(fake, { permits });
}

function take(
  fake: Fake,
  lane: 'checks.deadline' | 'checks.fresh' | 'checks.manual',
  users = 1,
  until = later,
) {
  const taken: (Permit | 'expired' | 'stopped')[] = [];
  void fake.permits.take(lane, users, until).then(result => taken.push(result));
  return taken;
}

test('while calls are a second or more apart one permit is held, and 10 at most at any rate', async () => {
  const slow = start(grant(3_000));
  for (let i = 0; i < 4; i++) take(slow, 'checks.fresh');
  await vi.advanceTimersByTimeAsync(10);
  expect(slow.asks.map(ask => ask.permits)).toEqual([1, 1]);
  const fast = start(grant(20));
  for (let i = 0; i < 20; i++) take(fast, 'checks.fresh');
  await vi.advanceTimersByTimeAsync(1);
  expect(Math.max(...fast.asks.map(ask => ask.permits))).toBeLessThanOrEqual(10);
});

test('a deadline that comes last is served before freshness that waits', async () => {
  const fake = start(grant(1_000, 500));
  const fresh = [take(fake, 'checks.fresh'), take(fake, 'checks.fresh')];
  await vi.advanceTimersByTimeAsync(100);
  const deadline = take(fake, 'checks.deadline');
  const manual = take(fake, 'checks.manual');
  await vi.advanceTimersByTimeAsync(500);
  expect([deadline.length, manual.length, fresh.flat().length]).toEqual([1, 0, 0]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([manual.length, fresh.flat().length]).toEqual([1, 0]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(fresh.flat().length).toBe(1);
});

test('money is reserved for those who wait, and each call takes its worst case', async () => {
  const fake = start(grant(100));
  const all = [take(fake, 'checks.deadline', 3), take(fake, 'checks.deadline', 7)];
  await vi.advanceTimersByTimeAsync(500);
  expect(fake.asks.reduce((sum, ask) => sum + ask.users, 0)).toBe(10);
  const reserved = all.flat().map(permit => (typeof permit === 'string' ? -1 : permit.reserved));
  expect(reserved).toEqual([30, 70]);
});

test('nothing is granted while the limiter cannot be reached; it is asked again after a rest that doubles', async () => {
  const fake = start(() => new Error('connection refused'));
  const waiting = take(fake, 'checks.deadline');
  await vi.advanceTimersByTimeAsync(1_500);
  expect(waiting).toEqual([]);
  expect(fake.asks.length).toBeGreaterThanOrEqual(4);
  expect(fake.asks.length).toBeLessThanOrEqual(7);
  fake.answer = grant(100);
  await vi.advanceTimersByTimeAsync(1_200);
  expect(waiting.length).toBe(1);
});

test('a permit that was reserved some time ago is confirmed first, and not used when a block has come or nobody can tell', async () => {
  const fake = start(grant(3_000, 2_000));
  const waiting = take(fake, 'checks.deadline');
  await vi.advanceTimersByTimeAsync(1_000);
  fake.blocked = true;
  await vi.advanceTimersByTimeAsync(1_500);
  expect(waiting).toEqual([]);
  fake.blocked = new Error('connection refused');
  await vi.advanceTimersByTimeAsync(3_000);
  expect(waiting).toEqual([]);
  fake.blocked = false;
  await vi.advanceTimersByTimeAsync(6_000);
  expect(waiting.length).toBe(1);
});

test('after a refusal the next question comes when it ends, and up to a second later, so that consumers do not return together', async () => {
  const fake = start(refuse('rate_limited', 5_000));
  take(fake, 'checks.fresh');
  await vi.advanceTimersByTimeAsync(4_900);
  expect(fake.asks.length).toBe(1);
  await vi.advanceTimersByTimeAsync(1_200);
  expect(fake.asks.length).toBe(2);
  expect(fake.rests[0]).toBeGreaterThanOrEqual(5_000);
  expect(fake.rests[0]).toBeLessThanOrEqual(6_000);
});

test('a cap is asked about every half minute, because it may be raised', async () => {
  const fake = start(refuse('daily_cap', 80_000_000));
  take(fake, 'checks.fresh');
  await vi.advanceTimersByTimeAsync(100_000);
  expect(fake.asks.length).toBe(4);
});

test('freshness that may spend no more does not keep a deadline waiting', async () => {
  const fake = start(ask => (ask.fresh ? refuse('daily_cap', 1e7)(ask) : grant(20)(ask)));
  const fresh = take(fake, 'checks.fresh');
  await vi.advanceTimersByTimeAsync(100);
  const deadline = take(fake, 'checks.deadline');
  await vi.advanceTimersByTimeAsync(100);
  expect([fresh.length, deadline.length]).toEqual([0, 1]);
});

test('what is refused to many is asked for one: the call that tries, or the last of the money', async () => {
  const fake = start(ask => (ask.permits > 1 ? refuse('out_of_credit', 0)(ask) : grant(20, 0, true)(ask)));
  fake.answer = grant(20);
  take(fake, 'checks.deadline');
  await vi.advanceTimersByTimeAsync(100);
  fake.answer = ask => (ask.permits > 1 ? refuse('out_of_credit', 0)(ask) : grant(20, 0, true)(ask));
  const all = Array.from({ length: 4 }, () => take(fake, 'checks.deadline'));
  await vi.advanceTimersByTimeAsync(50);
  const tried = all.flat().filter(permit => typeof permit !== 'string' && permit.trying);
  expect(tried.length).toBeGreaterThanOrEqual(1);
});

test('who waits longer than the lease is told, and takes no permit', async () => {
  const fake = start(refuse('rate_limited', 60_000));
  const waiting = take(fake, 'checks.fresh', 1, databaseNow() + 5_000);
  await vi.advanceTimersByTimeAsync(7_000);
  expect(waiting).toEqual(['expired']);
});

test('a rest drops what is reserved ahead', async () => {
  const fake = start(grant(100, 50));
  const all = Array.from({ length: 3 }, () => take(fake, 'checks.deadline'));
  await vi.advanceTimersByTimeAsync(5);
  fake.permits.rest(5_000);
  const before = all.flat().length;
  await vi.advanceTimersByTimeAsync(4_900);
  expect(all.flat().length).toBe(before);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(all.flat().length).toBe(3);
});

test('a call whose time was missed takes the next permit, before those who came after it', async () => {
  const fake = start(grant(100));
  const [first] = [take(fake, 'checks.fresh')];
  await vi.advanceTimersByTimeAsync(10);
  const second = take(fake, 'checks.fresh');
  const permit = first?.[0] as Permit;
  let again: Permit | undefined;
  void permit.again().then(next => {
    again = next as Permit;
  });
  await vi.advanceTimersByTimeAsync(110);
  expect(again?.callAt).toBeGreaterThan(permit.callAt);
  expect(second.length).toBe(0);
});

test('at the end everybody goes without, and permits and money are given back', async () => {
  const fake = start(grant(100, 5_000));
  const all = [take(fake, 'checks.deadline', 3), take(fake, 'checks.fresh', 4)];
  await vi.advanceTimersByTimeAsync(100);
  await fake.permits.stop();
  expect(all.flat()).toEqual(['stopped', 'stopped']);
  const reserved = fake.asks.reduce((sum, ask) => sum + ask.users * 10, 0);
  expect(fake.returned.reduce((sum, one) => sum + one.worst, 0)).toBe(reserved);
  expect(fake.returned.filter(one => one.permits === 1).length).toBe(
    fake.asks.reduce((n, ask) => n + ask.permits, 0),
  );
  expect(take(fake, 'checks.deadline')).toEqual([]);
});

test('K comes with every reservation', async () => {
  const fake = start(grant(100));
  expect(fake.permits.freshnessK).toBeNull();
  take(fake, 'checks.deadline');
  await vi.advanceTimersByTimeAsync(10);
  expect(fake.permits.freshnessK).toBe(5);
});

test('the database clock is told by the least late of its answers, and forgets them when it is set', () => {
  let ours = 1_000;
  const clock = createDatabaseClock(() => ours);
  expect(clock.now()).toBeNull();
  clock.told(500_000 - 40);
  expect(clock.now()).toBe(500_000 - 40);
  clock.told(500_000 - 2);
  clock.told(500_000 - 90);
  ours += 100;
  expect(clock.now()).toBe(500_098);
  clock.told(200_000);
  expect(clock.now()).toBe(200_000);
});
