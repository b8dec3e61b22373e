import { setTimeout as sleep } from 'node:timers/promises';
import { type Alert, alertPage } from '@app/contract/alert';
import { profile as profileSchema } from '@app/contract/profile';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import { type OwnQueues, ownQueues } from '@app/rabbitmq/test/own-queues';
import { handleOf } from '@app/simulator/handles';
import { type Simulator, startSimulator } from '@app/simulator/server';
import type { Account, ActivitySource } from '@app/simulator/source';
import { traceSource } from '@app/simulator/trace-source';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { type Service, startService } from './processes.ts';

/** The system as its containers run it: api, producer and consumers as processes, on a real PostgreSQL and RabbitMQ. */
let database: TestDatabase;
let simulator: Simulator;
let services: Service[];
let queues: OwnQueues;
let env: Record<string, string>;
/** What happens on X, by account id: post times in milliseconds. */
let posts: Map<string, number[]>;

const fast = {
  CONFIRM_DELAY_MS: '300',
  PRODUCER_PASS_MS: '100',
  LEASE_MS: '3000',
  // Recovery is bought within the budget, so K says how soon it is seen.
  FRESHNESS_K_MS: '500',
  FRESHNESS_FLOOR_MS: '250',
  RETRY_BASE_MS: '100',
  RETRY_CAP_MS: '1000',
  UPSTREAM_PAUSE_MS: '50',
  UPSTREAM_PAUSE_CAP_MS: '500',
  UPSTREAM_REFUSED_PAUSE_MS: '1000',
  X_API_TIMEOUT_MS: '1000',
  X_API_CALLS: '1000000',
  X_API_WINDOW_S: '1',
  X_API_BURST: '1000',
  X_BEARER_TOKEN: 'test',
};

beforeEach(async () => {
  database = await cloneDatabase();
  posts = new Map();
  simulator = await startSimulator({ source: world(), rateLimit: null });
  queues = await ownQueues(inject('amqpUrl'));
  const rabbitMq = { AMQP_URL: inject('amqpUrl'), AMQP_PREFIX: queues.prefix };
  env = { ...fast, ...rabbitMq, DATABASE_URL: database.url, X_API_URL: simulator.url };
  services = [];
});

afterEach(async () => {
  const codes = await Promise.all(services.map(service => service.stop()));
  await simulator.close();
  await queues.dispose();
  await database.drop();
  expect(codes.filter(code => code !== 0 && code !== null)).toEqual([]);
});

/** Accounts with the posts of `posts`, told as a trace at the speed of life. */
function world(): ActivitySource {
  const told = () => {
    const accounts = new Map(
      [...posts].map(([id, times]) => [id, Float64Array.from(times, time => time / 1_000)]),
    );
    return traceSource({ accounts, first: 0, last: 0 }, { from: 0, startAt: 0, speed: 1 });
  };
  const renamed = (account: Account | null) => account && { ...account, handle: handleOf(account.id) };
  return {
    account: (id, now) => renamed(told().account(id, now)),
    idOf: handle => [...posts.keys()].find(id => handleOf(id) === handle) ?? null,
  };
}

async function start(name: 'api' | 'producer' | 'consumer'): Promise<Service> {
  const service = await startService(name, env);
  services.push(service);
  return service;
}

async function send(api: Service, method: string, path: string, body?: unknown): Promise<Response> {
  const json =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return fetch(api.url + path, { method, ...json, signal: AbortSignal.timeout(10_000) });
}

async function alertsOf(api: Service): Promise<Alert[]> {
  const response = await send(api, 'GET', '/api/v1/alerts?limit=1000');
  return alertPage.parse(await response.json()).items;
}

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const giveUpAt = performance.now() + 40_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > giveUpAt) throw new Error(`${what} did not happen within 40 s`);
    await sleep(100);
  }
}

test('a handle goes in, an inactivity alert comes out, and activity resolves it', async () => {
  const api = await start('api');
  await start('producer');
  await start('consumer');
  const lastPost = Date.now() - 1_000;
  posts.set('4711', [lastPost]);
  await send(api, 'POST', '/api/v1/groups', { name: 'quick', threshold: 3, grace: 1, freshness: 60 });
  expect(
    (await send(api, 'POST', '/api/v1/profiles', { handle: handleOf('4711'), group: 'quick' })).status,
  ).toBe(201);
  const [alert] = await until('an alert', async () => {
    const alerts = await alertsOf(api);
    return alerts.length > 0 && alerts;
  });
  expect(alert).toMatchObject({
    kind: 'inactivity',
    status: 'open',
    baseline: false,
    profile: { id: '4711' },
  });
  expect(Date.parse(alert?.silent_since ?? '')).toBe(lastPost);
  expect(Date.parse(alert?.became_true_at ?? '')).toBe(lastPost + 4_000);
  expect(Date.parse(alert?.confirmed_at ?? '')).toBeGreaterThanOrEqual(lastPost + 4_000);
  posts.get('4711')?.push(Date.now());
  await until('the end of the alert', async () => (await alertsOf(api))[0]?.status === 'resolved');
  const profile = profileSchema
    .loose()
    .parse(await (await send(api, 'GET', `/api/v1/profiles/@${handleOf('4711')}`)).json());
  expect(profile.status).toBe('active');
  expect((await send(api, 'DELETE', '/api/v1/profiles/4711')).status).toBe(204);
  expect(await alertsOf(api)).toEqual([]);
});

test('consumers killed in the middle of their work lose no alert and double none', async () => {
  const api = await start('api');
  await start('producer');
  const count = 600;
  const lastPost = Date.now() - 60_000;
  for (let id = 1; id <= count; id++) posts.set(String(id), [lastPost]);
  simulator.setFaults({ latencyMs: { min: 20, max: 400 } });
  await send(api, 'POST', '/api/v1/groups', { name: 'quick', threshold: 30, grace: 1, freshness: 3_600 });
  const profiles = [...posts.keys()].map(id => ({ id, group: 'quick' }));
  expect((await send(api, 'POST', '/api/v1/profiles', profiles)).ok).toBe(true);
  for (let round = 0; round < 3; round++) {
    const victim = await startService('consumer', env);
    await sleep(250);
    await victim.kill();
  }
  await start('consumer');
  await start('consumer');
  await until('an alert for each', async () => (await alertsOf(api)).length >= count);
  await sleep(2_000);
  const alerts = await alertsOf(api);
  expect(alerts.length).toBe(count);
  expect(new Set(alerts.map(alert => alert.profile.id)).size).toBe(count);
});

test('"check now" is looked at at once, however long the next look would have taken', async () => {
  const api = await start('api');
  await start('producer');
  await start('consumer');
  posts.set('5', [Date.now() - 5_000]);
  await send(api, 'POST', '/api/v1/profiles', { id: '5' });
  const read = async () =>
    profileSchema.loose().parse(await (await send(api, 'GET', '/api/v1/profiles/5')).json());
  const first = await until('the first look', async () => {
    const seen = await read();
    return seen.checked_at !== null && seen;
  });
  const post = Date.now();
  posts.get('5')?.push(post);
  expect((await send(api, 'POST', '/api/v1/profiles/5/check')).status).toBe(202);
  const second = await until('another look', async () => {
    const seen = await read();
    return seen.checked_at !== first.checked_at && seen;
  });
  expect(Date.parse(second.last_activity_at ?? '')).toBe(post);
});

test('while X is down nobody is said to be inactive, and after it those who are', async () => {
  const api = await start('api');
  await start('producer');
  await start('consumer');
  posts.set('5', [Date.now() - 1_000]);
  await send(api, 'POST', '/api/v1/groups', { name: 'quick', threshold: 2, grace: 1, freshness: 60 });
  await send(api, 'POST', '/api/v1/profiles', { id: '5', group: 'quick' });
  await until('the first look', async () => {
    const seen = profileSchema.loose().parse(await (await send(api, 'GET', '/api/v1/profiles/5')).json());
    return seen.checked_at !== null;
  });
  simulator.setFaults({ outage: 'unavailable' });
  await sleep(5_000);
  expect(await alertsOf(api)).toEqual([]);
  simulator.setFaults({ outage: 'none' });
  await until('the alert', async () => (await alertsOf(api)).length === 1);
});
