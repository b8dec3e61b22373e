import { createPool, type Pool } from '@app/database/pool';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import { connect } from 'amqplib';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import type { Peer } from './peer.ts';
import { peers } from './peers.ts';

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

const ids = Array.from({ length: 250 }, (_, i) => String(i + 1));

/** Hands the ids out, and has them worked on by checks that only note them. */
async function workOn(peer: Peer, address: string) {
  const seen = { one: [] as string[], many: [] as string[][], done: 0 };
  const feed = await peer.feed(address);
  await feed.add(ids);
  const stop = await peer.work({
    address,
    concurrency: 4,
    checks: {
      one: async id => void seen.one.push(id),
      many: async some => void seen.many.push([...some]),
    },
    onDone: jobs => {
      seen.done += jobs;
    },
  });
  await vi.waitFor(() => expect(seen.done).toBe(ids.length), { timeout: 15_000 });
  await stop();
  await feed.close();
  return seen;
}

/** Schemas of the database and, of the broker, whether the queue is there. */
async function leftBehind() {
  const { rows } = await pool.query(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'bench%'`);
  const model = await connect(inject('amqpUrl'));
  model.on('error', () => undefined);
  const channel = await model.createChannel();
  channel.on('error', () => undefined);
  const queue = await channel.checkQueue('bench-plain-checks').then(
    () => ['bench-plain-checks'],
    () => [],
  );
  await model.close();
  return [...rows.map(row => row.nspname), ...queue];
}

const withoutRedis = ['pg-boss', 'pg-boss, one by one', 'graphile-worker', 'plain-rabbitmq'] as const;

test.each(withoutRedis)('%s: each profile is checked once, and nothing is left behind', async name => {
  const peer: Peer = await peers[name]();
  const context = { databaseUrl: database.url, amqpUrl: inject('amqpUrl'), log: () => undefined };
  const { address, close } = await peer.open(context);
  const seen = await workOn(peer, address);
  expect([...seen.one, ...seen.many.flat()].toSorted()).toEqual(ids.toSorted());
  const batches = seen.many.map(some => some.length).toSorted((one, other) => other - one);
  expect(batches).toEqual(name === 'pg-boss' ? [100, 100, 50] : []);
  await close();
  expect(await leftBehind()).toEqual([]);
});
