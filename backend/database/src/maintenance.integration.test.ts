import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  inOneTransaction,
  leadMaintenance,
  markSucceeded,
  readMaintenance,
  TableInUseError,
  withBriefLock,
  workOn,
} from './maintenance.ts';
import { createPool, type Pool } from './pool.ts';
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

const forEver = new AbortController().signal;

test('of several that would maintain only one does, and the next one after it', async () => {
  const { promise: done, resolve: end } = Promise.withResolvers<void>();
  const { promise: led, resolve: begin } = Promise.withResolvers<void>();
  const first = leadMaintenance(pool, async () => {
    begin();
    await done;
  });
  await led;
  const others = await Promise.all([1, 2, 3].map(() => leadMaintenance(pool, () => Promise.reject())));
  expect(others).toEqual([false, false, false]);
  end();
  expect(await first).toBe(true);
  expect(await leadMaintenance(pool, async () => undefined)).toBe(true);
});

test('a leader whose connection is lost leads no more, and the next one does', async () => {
  let ran = false;
  const lost = leadMaintenance(pool, async db => {
    const { rows } = await db.query('SELECT pg_backend_pid() AS pid');
    await pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
    await db.query('SELECT pg_sleep(1)');
    ran = true;
  });
  await expect(lost).rejects.toThrow();
  expect(ran).toBe(false);
  expect(await leadMaintenance(pool, async () => undefined)).toBe(true);
});

test('what fails leaves the lead, and none of its settings', async () => {
  await expect(leadMaintenance(pool, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  const { rows } = await pool.query('SHOW enable_seqscan');
  expect(rows[0].enable_seqscan).toBe('on');
  expect(await leadMaintenance(pool, async () => undefined)).toBe(true);
});

test('the leader holds no snapshot while it rests', async () => {
  await leadMaintenance(pool, async db => {
    await inOneTransaction(db, () => db.query('SELECT count(*) FROM groups'));
    const { rows } = await pool.query(
      `SELECT state, backend_xmin FROM pg_stat_activity WHERE application_name = 'maintenance'
          AND datname = current_database()`,
    );
    expect(rows).toEqual([{ state: 'idle', backend_xmin: null }]);
  });
});

test('a piece of work is followed by a rest of three times its length, and none begins after a stop', async () => {
  const client = await pool.connect();
  const stopping = new AbortController();
  const work = workOn(client, stopping.signal);
  const began = performance.now();
  expect(await work.piece(() => sleep(50, 'done'))).toBe('done');
  const took = performance.now() - began;
  expect(took).toBeGreaterThan(190);
  expect(work.busyMs()).toBeGreaterThanOrEqual(49);
  expect(work.busyMs()).toBeLessThan(took / 3);
  stopping.abort();
  let ran = false;
  await expect(
    work.piece(async () => {
      ran = true;
    }),
  ).rejects.toThrow(/abort/i);
  expect(ran).toBe(false);
  client.release();
});

test('a lock on a table in use is given up soon, so that others wait for it at most 100 ms, and tried again', async () => {
  const [holder, leader] = [await pool.connect(), await pool.connect()];
  await holder.query('BEGIN; LOCK TABLE spend IN ACCESS SHARE MODE');
  const locked = withBriefLock(workOn(leader, forEver), () =>
    leader.query('LOCK TABLE spend IN ACCESS EXCLUSIVE MODE'),
  );
  const waits: number[] = [];
  for (let i = 0; i < 10; i++) {
    const began = performance.now();
    await pool.query('SELECT count(*) FROM spend');
    waits.push(performance.now() - began);
    await sleep(30);
  }
  expect(Math.max(...waits)).toBeLessThan(1_000);
  await holder.query('COMMIT');
  await locked;
  holder.release();
  leader.release();
});

test('a table that stays in use is left to the next run, with a word on who may hold it', async () => {
  const [holder, leader] = [await pool.connect(), await pool.connect()];
  await holder.query('BEGIN; LOCK TABLE spend IN ACCESS SHARE MODE');
  const work = workOn(leader, forEver);
  const locked = withBriefLock(work, () => leader.query('LOCK TABLE spend IN ACCESS EXCLUSIVE MODE'));
  await expect(locked).rejects.toThrow(TableInUseError);
  await holder.query('ROLLBACK');
  expect((await leader.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  holder.release();
  leader.release();
});

test('the last success of each step is remembered', async () => {
  await markSucceeded(pool, 'one', Date.UTC(2026, 0, 1), 70);
  await markSucceeded(pool, 'one', Date.UTC(2026, 0, 2), 80);
  const [one] = await readMaintenance(pool);
  expect(one).toMatchObject({ step: 'one', startedAt: Date.UTC(2026, 0, 2), busyMs: 80 });
  expect(one?.agoMs).toBeLessThan(30_000);
});
