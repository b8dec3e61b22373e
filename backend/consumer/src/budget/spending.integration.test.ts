import { setTimeout as sleep } from 'node:timers/promises';
import { batchSize, type Message } from '@app/contract/message';
import { type BudgetChange, changeBudget } from '@app/database/budget-settings';
import { claimDue } from '@app/database/claim';
import { createPool, type Pool } from '@app/database/pool';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import type { Log } from '@app/runtime/log';
import type { RateLimit } from '@app/simulator/rate-limit';
import { rhythmSource } from '@app/simulator/rhythms';
import { type Simulator, startSimulator } from '@app/simulator/server';
import { createInProcessBroker, createLanes } from '@app/standalone/in-process-broker';
import { createXApi } from '@app/x-api/client';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startConsumer } from '../consumer.ts';
import { createConsumerMetrics } from '../metrics.ts';
import { consumerSettings } from '../settings.ts';
import { mostOver } from '../test/most-over.ts';

const none = () => undefined;
const log: Log = { debug: none, info: none, warn: none, error: none };
const leaseMs = 120_000;

let database: TestDatabase;
let admin: Pool;
let ends: (() => Promise<unknown>)[];

beforeAll(async () => {
  database = await cloneDatabase();
  admin = createPool({ url: database.url, name: 'test', onError: none });
});

afterAll(async () => {
  await admin.end();
  await database.drop();
});

beforeEach(async () => {
  ends = [];
  await admin.query(
    `DELETE FROM budget; INSERT INTO budget DEFAULT VALUES; TRUNCATE spend, profiles, activities CASCADE`,
  );
});

afterEach(async () => {
  for (const end of ends.reverse()) await end();
});

/** X's own log: when each request came in, by the monotonic clock. */
interface World {
  readonly simulator: Simulator;
  readonly calls: number[];
  publish(lane: 'checks.deadline' | 'checks.fresh', message: Message): Promise<void>;
}

/** A simulated X and consumers with pools of their own, joined to the same lanes. */
async function start(
  consumers: number,
  change: BudgetChange,
  env: Record<string, string> = {},
  rateLimit: RateLimit | null = null,
): Promise<World> {
  await changeBudget(admin, change);
  const calls: number[] = [];
  const clock = () => {
    calls.push(performance.now());
    return Date.now();
  };
  const simulator = await startSimulator({
    source: rhythmSource({ seed: 1, speed: 1_440 }),
    rateLimit,
    clock,
  });
  ends.push(() => simulator.close());
  const lanes = createLanes({});
  const publisher = createInProcessBroker({ log }, lanes);
  ends.push(() => publisher.close());
  for (let i = 0; i < consumers; i++) await startOne(simulator, lanes, env);
  return { simulator, calls, publish: (lane, message) => publisher.publish(lane, message) };
}

async function startOne(
  simulator: Simulator,
  lanes: ReturnType<typeof createLanes>,
  env: Record<string, string>,
) {
  const pool = createPool({ url: database.url, name: 'consumer', onError: none });
  const xApi = createXApi({
    baseUrl: simulator.url,
    bearerToken: 'test',
    vocabulary: 'tweet',
    timeoutMs: 5_000,
  });
  const broker = createInProcessBroker({ log }, lanes);
  const settings = z.object(consumerSettings).parse(env);
  const metrics = createConsumerMetrics(new Registry());
  const consumer = await startConsumer({ pool, broker, xApi, settings, metrics, log });
  ends.push(async () => {
    await consumer.stop();
    await broker.close();
    await xApi.close();
    await pool.end();
  });
}

/** Messages for `count` profiles that are due, `each` to a message. */
async function work(count: number, each: number): Promise<Message[]> {
  await admin.query('INSERT INTO profiles (profile_id) SELECT generate_series(1, $1::int)', [count]);
  await admin.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane) SELECT i, now(), 'checks.fresh' FROM generate_series(1, $1::int) i`,
    [count],
  );
  const { claimed, leaseUntil } = await claimDue(admin, 'checks.fresh', count, leaseMs);
  const lease_until = new Date(leaseUntil).toISOString();
  const checks = claimed.map(row => ({ profile_id: row.profileId, claim_version: row.claimVersion }));
  return Array.from({ length: Math.ceil(count / each) }, (_, i) => ({
    kind: 'profiles.check' as const,
    lease_until,
    checks: checks.slice(i * each, (i + 1) * each),
  }));
}

async function until(what: () => Promise<boolean> | boolean, ms = 10_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await what())) {
    if (performance.now() > end) throw new Error('it did not come true in time');
    await sleep(10);
  }
}

const row = async () => (await admin.query('SELECT *, clock_timestamp() AS now FROM budget')).rows[0];

describe('two consumers and one budget', () => {
  test.each([
    [5, 6],
    [50, 5],
  ])('of %i calls/s: X sees never more over any window, and 95 %% are used', async (rate, seconds) => {
    const messages = await work(rate * (seconds + 2) * 2, 2);
    const world = await start(2, { calls: rate, windowS: 1, price: 0 });
    const begin = performance.now();
    for (const message of messages) await world.publish('checks.fresh', message);
    await sleep(Math.max(0, begin + seconds * 1_000 - performance.now()));
    const seen = world.calls.filter(at => at < begin + seconds * 1_000);
    // A call of burst, and 20 ms between sender and receiver, which share this process with both consumers.
    expect(mostOver(seen, rate)).toBeLessThanOrEqual(2 + rate * 0.02);
    expect(seen.length).toBeGreaterThanOrEqual(0.95 * rate * seconds);
  });

  test('stop both at a 429, until the reset that X names', async () => {
    const messages = await work(1_000, 2);
    const { simulator, calls, publish } = await start(2, { calls: 50, windowS: 1, price: 0 });
    for (const message of messages) await publish('checks.fresh', message);
    await until(() => calls.length >= 20);
    simulator.setFaults({ share: 1, kinds: ['rate_limited'], resetSeconds: 3 });
    await until(async () => (await row()).blocked_reason === 'rate_limited');
    const blockedAt = performance.now();
    const { blocked_until, now } = await row();
    expect(blocked_until - now).toBeGreaterThan(1_500);
    simulator.setFaults({ share: 0 });
    const reset = blockedAt + (blocked_until - now);
    await until(() => calls.some(at => at > reset), 10_000);
    // What was reserved already: a fifth of a second ahead at most, for the consumer that did not see the 429 itself.
    expect(calls.filter(at => at > blockedAt + 250 && at < reset - 20)).toEqual([]);
    expect(calls.filter(at => at > blockedAt && at < reset - 20).length).toBeLessThanOrEqual(10);
  }, 20_000);

  test('keep to the room that X leaves by its headers, so that no 429 comes at all', async () => {
    const messages = await work(400, 2);
    const limit = { limit: 20, windowSeconds: 4 };
    const { calls, publish, simulator } = await start(2, { calls: 100, windowS: 1, price: 0 }, {}, limit);
    for (const message of messages) await publish('checks.fresh', message);
    await sleep(3_500);
    expect(calls.length).toBeGreaterThan(8);
    expect(calls.length).toBeLessThanOrEqual(20);
    expect(simulator.calls()).toBe(calls.length);
    expect((await row()).blocked_reason).toBeNull();
  }, 20_000);

  test('spend nothing while credit is out, but for one call now and then, whose success lets all go on', async () => {
    const messages = await work(200, 2);
    const world = await start(2, { calls: 50, windowS: 1 }, { UPSTREAM_REFUSED_PAUSE_MS: '1000' });
    world.simulator.setFaults({ share: 1, kinds: ['credits_new'] });
    for (const message of messages) await world.publish('checks.fresh', message);
    await until(async () => (await row()).blocked_reason === 'out_of_credit');
    await sleep(500);
    const before = world.simulator.calls();
    await sleep(5_000);
    const tries = world.simulator.calls() - before;
    expect(tries).toBeGreaterThanOrEqual(1);
    expect(tries).toBeLessThanOrEqual(5);
    expect((await row()).blocked_reason).toBe('out_of_credit');
    world.simulator.setFaults({ share: 0 });
    await until(async () => (await row()).blocked_reason === null);
    const after = world.simulator.calls();
    await until(() => world.simulator.calls() > after + 20);
  }, 30_000);

  test('book what X returned, by group, and nothing stays reserved', async () => {
    const messages = await work(500, batchSize);
    const world = await start(2, { calls: 50, windowS: 1 });
    for (const message of messages) await world.publish('checks.fresh', message);
    await until(() => world.simulator.calls() === 5);
    const billed = world.simulator.usersReturned() * 10_000;
    const spent = async () =>
      (await admin.query('SELECT group_id, calls, users::int, usd::int FROM spend')).rows;
    await until(async () => (await spent())[0]?.calls === 5);
    expect(Number((await row()).day_used)).toBe(billed);
    expect(await spent()).toEqual([
      { group_id: 1, calls: 5, users: world.simulator.usersReturned(), usd: billed },
    ]);
  });

  test('stop freshness first when money runs out; a deadline is still looked at', async () => {
    const messages = await work(300, 50);
    const world = await start(2, { calls: 50, windowS: 1, dailyCap: 1_100_000 });
    for (const message of messages.slice(0, 4)) await world.publish('checks.fresh', message);
    // 50 profiles are at most $0.50: one batch fits below 90 % of $1.10, the next would not.
    await until(() => world.simulator.calls() >= 1);
    await sleep(1_500);
    const fresh = world.simulator.calls();
    expect(fresh).toBeLessThanOrEqual(2);
    await world.publish('checks.deadline', {
      ...(messages[4] as Message),
      checks: (messages[4] as Message).checks.slice(0, 5),
    });
    await until(() => world.simulator.calls() === fresh + 1, 3_000);
    expect(Number((await row()).day_used)).toBeLessThanOrEqual(1_100_000);
  }, 20_000);

  test('make no call while the budget cannot be asked, and go on when it can', async () => {
    const messages = await work(100, 2);
    const world = await start(2, { calls: 20, windowS: 1, price: 0 }, { UPSTREAM_PAUSE_CAP_MS: '500' });
    await admin.query('ALTER TABLE budget RENAME TO budget_gone');
    for (const message of messages) await world.publish('checks.fresh', message);
    await sleep(1_500);
    expect(world.simulator.calls()).toBe(0);
    await admin.query('ALTER TABLE budget_gone RENAME TO budget');
    await until(() => world.simulator.calls() > 5);
  }, 20_000);
});

test('deadlines and people go before freshness, whoever came first', async () => {
  const messages = await work(40, 2);
  const world = await start(1, { calls: 10, windowS: 1, price: 0 });
  for (const message of messages.slice(0, 15)) await world.publish('checks.fresh', message);
  await until(() => world.calls.length >= 3);
  const before = world.calls.length;
  await world.publish('checks.deadline', messages[15] as Message);
  const [first] = (messages[15] as Message).checks;
  await until(async () => {
    const { rows } = await admin.query(
      'SELECT 1 FROM schedule WHERE profile_id = $1 AND checked_at IS NOT NULL',
      [first?.profile_id],
    );
    return rows.length > 0;
  });
  // One call may have been on its way already, and one have begun meanwhile.
  expect(world.calls.length).toBeLessThanOrEqual(before + 3);
});
