import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Ask,
  blockCalls,
  type Granted,
  giveBack,
  isBlocked,
  type Reservation,
  reserve,
  unblockCalls,
} from './budget.ts';
import { changeBudget } from './budget-settings.ts';
import { createPool, type Pool } from './pool.ts';
import { settle } from './spend.ts';
import { cloneDatabase, type TestDatabase } from './test/test-database.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

beforeEach(async () => {
  await pool.query('DELETE FROM budget; INSERT INTO budget DEFAULT VALUES; TRUNCATE spend, profiles CASCADE');
});

const one: Ask = { permits: 1, users: 100, fresh: false, tryMs: 60_000 };

function granted(reservation: Reservation): Granted {
  if (!reservation.granted) throw new Error(`refused: ${reservation.refusal}`);
  return reservation;
}

async function take(ask: Partial<Ask> = {}): Promise<Granted> {
  return granted(await reserve(pool, { ...one, ...ask }));
}

async function refusalOf(ask: Partial<Ask> = {}): Promise<string | null> {
  const reservation = await reserve(pool, { ...one, ...ask });
  return reservation.granted ? null : reservation.refusal;
}

async function row() {
  const { rows } = await pool.query('SELECT *, clock_timestamp() AS now FROM budget');
  return rows[0];
}

const today = async () =>
  (await pool.query(`SELECT (now() AT TIME ZONE 'UTC')::date::text AS day`)).rows[0].day;

describe('permits', () => {
  test('are as far apart as the rate says, however many ask at once', async () => {
    await changeBudget(pool, { calls: 50, windowS: 1 });
    const all = await Promise.all(Array.from({ length: 20 }, () => take({ permits: 5, users: 5 })));
    const slots = all.flatMap(reservation => reservation.slots).sort((a, b) => a - b);
    expect(slots.length).toBe(100);
    const gaps = slots.slice(1).map((slot, i) => slot - (slots[i] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(19.99);
    expect(Math.max(...gaps)).toBeLessThan(20.01);
  });

  test('are not saved up while nobody asks: after a pause one call may begin at once', async () => {
    await changeBudget(pool, { calls: 10, windowS: 1 });
    await pool.query(`UPDATE budget SET next_at = now() - interval '1 hour'`);
    const { slots, now } = await take({ permits: 3 });
    expect(slots.map(slot => Math.round(slot - now))).toEqual([0, 100, 200]);
  });

  test('keep their order when a consumer starts with the same settings', async () => {
    await changeBudget(pool, { calls: 1, windowS: 10 });
    const { end } = await take();
    await changeBudget(pool, { calls: 1, windowS: 10 });
    expect((await take()).slots[0]).toBeCloseTo(end, 1);
    await changeBudget(pool, { calls: 10 });
    const { slots, now } = await take();
    expect((slots[0] ?? 0) - now).toBeLessThanOrEqual(1_000);
  });

  test('may come in a burst, where that is wanted', async () => {
    await changeBudget(pool, { calls: 10, windowS: 1, burst: 3 });
    const { slots, now } = await take({ permits: 4 });
    expect(slots.map(slot => Math.round(slot - now))).toEqual([0, 0, 0, 100]);
  });

  test('at the start are X own limit: 300 in 900 s', async () => {
    expect((await take()).stepMs).toBe(3_000);
  });

  test('that were the last to be reserved are given back, with their money', async () => {
    const { end, stepMs, worst, day } = await take({ permits: 3, users: 300 });
    await giveBack(pool, { permits: 2, end, stepMs, worst: 2_000_000, day });
    const { next_at, day_used, granted: count } = await row();
    expect(Math.abs(next_at - (end - 2 * stepMs))).toBeLessThan(1);
    expect([worst, Number(day_used), Number(count)]).toEqual([3_000_000, 1_000_000, 1]);
  });

  test('after which another consumer has reserved are not given back: two calls would begin at once', async () => {
    const first = await take({ permits: 2 });
    const second = await take();
    await giveBack(pool, { permits: 2, end: first.end, stepMs: first.stepMs, worst: 0, day: first.day });
    expect((await take()).slots[0]).toBeCloseTo(second.end, 1);
  });
});

describe('the headers of X', () => {
  const told = (limit: number, remaining: number, resetInMs: number) =>
    settle(pool, [], { limit, remaining, resetInMs });

  test('slow everybody down to what they leave, less a hundredth', async () => {
    await told(300, 33, 300_000);
    expect((await take()).stepMs).toBeCloseTo(10_000, -1);
  });

  test('never speed anybody up', async () => {
    await told(40_000, 39_999, 900_000);
    expect((await take()).stepMs).toBe(3_000);
  });

  test('count until their window ends', async () => {
    await told(300, 33, 300_000);
    await pool.query(`UPDATE budget SET x_reset_at = now() - interval '1 second'`);
    expect((await take()).stepMs).toBe(3_000);
  });

  test('that overtake one another do not make calls come back', async () => {
    await told(300, 33, 300_000);
    await told(300, 63, 300_500);
    expect((await row()).x_remaining).toBe(33);
  });

  test('of two limits with the same reset are never mixed into an empty one', async () => {
    await told(40_000, 39_999, 800_000);
    await told(1_000_000_000, 999_999_000, 800_000);
    expect((await row()).blocked_reason).toBeNull();
  });

  test('of another window count only if they leave less', async () => {
    await told(300, 33, 300_000);
    await told(300, 299, 900_000);
    expect((await take()).stepMs).toBeCloseTo(10_000, -1);
    await told(300, 13, 500_000);
    expect((await take()).stepMs).toBeCloseTo(50_000, -1);
  });

  test('that leave nothing stop all calls until the reset, as a 429 would', async () => {
    await told(300, 3, 120_000);
    const reservation = await reserve(pool, one);
    expect(reservation).toMatchObject({ granted: false, refusal: 'rate_limited' });
    expect((reservation as { until: number }).until - reservation.now).toBeCloseTo(120_000, -3);
  });
});

describe('a block', () => {
  test('by 429 stops everybody until its reset, and ends by itself', async () => {
    await blockCalls(pool, 'rate_limited', 60_000);
    expect(await refusalOf()).toBe('rate_limited');
    expect(await isBlocked(pool)).toBe(true);
    await blockCalls(pool, 'rate_limited', 1_000);
    const { blocked_until, now } = await row();
    expect(blocked_until - now).toBeGreaterThan(50_000);
    await pool.query(`UPDATE budget SET blocked_until = now()`);
    expect(await refusalOf({ permits: 5 })).toBeNull();
    expect((await row()).blocked_reason).toBeNull();
  });

  test('by 402 lasts: when its time has come one call tries, and only one', async () => {
    await blockCalls(pool, 'out_of_credit', 60_000);
    expect(await refusalOf()).toBe('out_of_credit');
    await pool.query(`UPDATE budget SET blocked_until = now()`);
    expect(await refusalOf({ permits: 2 })).toBe('out_of_credit');
    const tries = await Promise.all(Array.from({ length: 5 }, () => reserve(pool, one)));
    expect(tries.filter(reservation => reservation.granted && reservation.trying).length).toBe(1);
    expect(tries.filter(reservation => !reservation.granted).length).toBe(4);
  });

  test('by 402 ends when the call that tried succeeds', async () => {
    await blockCalls(pool, 'out_of_credit', 60_000);
    expect(await unblockCalls(pool)).toBe(true);
    expect(await refusalOf()).toBeNull();
  });

  test('by 402 is not shortened by a 429, nor a 429 ended by a success', async () => {
    await blockCalls(pool, 'spend_cap', 60_000);
    await blockCalls(pool, 'rate_limited', 1);
    expect(await refusalOf()).toBe('spend_cap');
    await unblockCalls(pool);
    await blockCalls(pool, 'rate_limited', 60_000);
    expect(await unblockCalls(pool)).toBe(false);
    expect(await refusalOf()).toBe('rate_limited');
  });
});

describe('money', () => {
  test('is reserved at its worst before the call, and settled at what was returned', async () => {
    const { worst, day } = await take({ users: 100 });
    expect([worst, Number((await row()).day_used)]).toEqual([1_000_000, 1_000_000]);
    const groups = [{ groupId: 1, asked: 3, returned: 2, repeats: 0 }];
    await settle(pool, [{ groups, returned: 3, reserved: worst, day }], null);
    const { rows } = await pool.query(
      'SELECT group_id, calls, users::int, usd::int FROM spend ORDER BY group_id',
    );
    expect(rows).toEqual([
      { group_id: 0, calls: 0, users: 1, usd: 10_000 },
      { group_id: 1, calls: 1, users: 2, usd: 20_000 },
    ]);
    expect(Number((await row()).day_used)).toBe(30_000);
    expect(Number((await row()).month_used)).toBe(30_000);
  });

  test('of a call for two groups is shared between them', async () => {
    const groups = [
      { groupId: 1, asked: 1, returned: 1, repeats: 0 },
      { groupId: 77, asked: 3, returned: 3, repeats: 0 },
    ];
    const call = { groups, returned: 4, reserved: 0, day: await today() };
    await settle(pool, [call, call], null);
    const { rows } = await pool.query('SELECT group_id, calls, users::int FROM spend ORDER BY group_id');
    expect(rows).toEqual([
      { group_id: 1, calls: 0.5, users: 2 },
      { group_id: 77, calls: 1.5, users: 6 },
    ]);
  });

  test('for a user seen before on the same UTC day is counted again, unless X word is taken', async () => {
    const groups = [{ groupId: 1, asked: 2, returned: 2, repeats: 1 }];
    const call = { groups, returned: 2, reserved: 0, day: await today() };
    await settle(pool, [call], null);
    expect(Number((await row()).day_used)).toBe(20_000);
    await changeBudget(pool, { countRepeats: false });
    await settle(pool, [call], null);
    expect(Number((await row()).day_used)).toBe(30_000);
  });

  test('per request is the price of a call, whatever it returns', async () => {
    await changeBudget(pool, { pricing: 'per_request', price: 7 });
    expect((await take({ permits: 2, users: 200 })).worst).toBe(14);
  });

  test('stops freshness at 90 % of a cap, and everything at the cap', async () => {
    await changeBudget(pool, { dailyCap: 10_000_000 });
    for (let i = 0; i < 9; i++) await take();
    expect(await refusalOf({ fresh: true })).toBe('daily_cap');
    expect(await refusalOf()).toBeNull();
    expect(await refusalOf({ users: 1 })).toBe('daily_cap');
    const { until, now } = (await reserve(pool, one)) as { until: number; now: number };
    expect(until % 86_400_000).toBe(0);
    expect(until - now).toBeLessThanOrEqual(86_400_000);
  });

  test('of the month has a cap of its own, until the next month begins', async () => {
    await changeBudget(pool, { monthlyCap: 999_999 });
    const refused = (await reserve(pool, one)) as { refusal: string; until: number };
    expect([refused.refusal, new Date(refused.until).getUTCDate()]).toEqual(['monthly_cap', 1]);
  });

  test('that was reserved and never settled is free again on the next day, and the month is counted anew', async () => {
    await changeBudget(pool, { dailyCap: 1_000_000 });
    await take();
    expect(await refusalOf()).toBe('daily_cap');
    await pool.query(`UPDATE budget SET day = day - 1`);
    const { rows } = await pool.query(`SELECT extract(day FROM now() AT TIME ZONE 'UTC') > 1 AS mid`);
    await pool.query(
      `INSERT INTO spend (day, group_id, usd) VALUES ((now() AT TIME ZONE 'UTC')::date - 1, 1, 500)`,
    );
    expect(await refusalOf()).toBeNull();
    expect(Number((await row()).month_used)).toBe(1_000_000 + (rows[0].mid ? 500 : 0));
  });

  test('that was reserved yesterday and settled today counts today, once', async () => {
    const { worst } = await take();
    await pool.query(`UPDATE budget SET day = day - 1`);
    const yesterday = (await row()).day;
    await settle(pool, [{ groups: [], returned: 2, reserved: worst, day: yesterday }], null);
    expect(Number((await row()).day_used)).toBe(20_000);
  });
});
