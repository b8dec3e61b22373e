import { setTimeout as sleep } from 'node:timers/promises';
import { giveBack, isBlocked, reserve } from '@app/database/budget';
import { changeBudget } from '@app/database/budget-settings';
import { createPool, type Pool } from '@app/database/pool';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { mostOver } from '../test/most-over.ts';
import { Permits } from './permits.ts';

let database: TestDatabase;
let pools: Pool[];

beforeAll(async () => {
  database = await cloneDatabase();
  pools = [1, 2].map(i => createPool({ url: database.url, name: `test ${i}`, onError: () => undefined }));
});

afterAll(async () => {
  await Promise.all(pools.map(pool => pool.end()));
  await database.drop();
});

beforeEach(async () => {
  await pools[0]?.query('DELETE FROM budget; INSERT INTO budget DEFAULT VALUES');
});

const never = Date.UTC(2200, 0);

/** A taker of permits, as each consumer has one. */
function takerOn(pool: Pool): Permits {
  return new Permits({
    limiter: {
      reserve: ask => reserve(pool, ask),
      giveBack: unused => giveBack(pool, unused),
      isBlocked: () => isBlocked(pool),
    },
    tryMs: 60_000,
    retryMs: 50,
    retryCapMs: 1_000,
    onRefused: () => undefined,
    onUnreachable: () => undefined,
    onForfeit: () => undefined,
    onTaken: () => undefined,
  });
}

/** A call of burst, and 10 ms of a busy machine's timers. */
const mostBurst = (rate: number) => 2 + rate * 0.01;

/** Takes all that two takers get in `seconds`, while more work waits than they can do; answers the times of all. */
async function takeFor(seconds: number, waiting: number): Promise<number[]> {
  const takers = pools.map(takerOn);
  const taken: number[] = [];
  const until = performance.now() + seconds * 1_000;
  const work = async (permits: Permits) => {
    while (performance.now() < until) {
      const permit = await permits.take('checks.fresh', 100, never);
      if (typeof permit === 'string') return;
      await sleep(Math.max(0, permit.callAt - performance.now()));
      const now = performance.now();
      if (now - permit.callAt <= permit.toleranceMs && now < until) taken.push(now);
    }
  };
  const working = takers.flatMap(permits => Array.from({ length: waiting }, () => work(permits)));
  await sleep(until - performance.now());
  await Promise.all(takers.map(permits => permits.stop()));
  await Promise.all(working);
  return taken;
}

test.each([
  [5, 6],
  [50, 5],
])(
  'two consumers take %i calls/s together: never more over any window, and hardly less',
  async (rate, seconds) => {
    await changeBudget(pools[0] as Pool, { calls: rate, windowS: 1 });
    const taken = await takeFor(seconds, 6);
    expect(mostOver(taken, rate)).toBeLessThanOrEqual(mostBurst(rate));
    expect(taken.length).toBeGreaterThanOrEqual(0.95 * rate * seconds);
  },
);

test('a clock that is set 5 minutes on or back neither stops a consumer nor floods X', async () => {
  await changeBudget(pools[0] as Pool, { calls: 50, windowS: 1 });
  const real = Date.now.bind(Date);
  let jump = 0;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => real() + jump);
  const jumps = setInterval(() => {
    jump = jump === 300_000 ? -300_000 : 300_000;
  }, 300);
  const taken = await takeFor(2, 6);
  clearInterval(jumps);
  clock.mockRestore();
  expect(mostOver(taken, 50)).toBeLessThanOrEqual(mostBurst(50));
  expect(taken.length).toBeGreaterThanOrEqual(95);
});

test('what is reserved and not used is given back when a consumer stops', async () => {
  const [pool] = pools as [Pool, Pool];
  await changeBudget(pool, { calls: 10, windowS: 1 });
  const permits = takerOn(pool);
  const results = Array.from({ length: 6 }, () => permits.take('checks.deadline', 100, never));
  await results[0];
  await sleep(20);
  await permits.stop();
  expect((await Promise.all(results)).filter(result => result === 'stopped').length).toBe(5);
  const { rows } = await pool.query('SELECT granted::int, day_used::int FROM budget');
  expect(rows).toEqual([{ granted: 1, day_used: 1_000_000 }]);
});
