import { createPool, type Pool } from '@app/database/pool';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import { rhythmSource } from '@app/simulator/rhythms';
import { type Simulator, startSimulator } from '@app/simulator/server';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createChecks } from './checks.ts';

let database: TestDatabase;
let pool: Pool;
let simulator: Simulator;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
  await pool.query('INSERT INTO profiles (profile_id) SELECT generate_series(1, 200)');
  await pool.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane) SELECT i, now(), 'checks.fresh' FROM generate_series(1, 200) i`,
  );
  simulator = await startSimulator({ source: rhythmSource({ seed: 1, speed: 1 }), rateLimit: null });
});

afterAll(async () => {
  await simulator.close();
  await pool.end();
  await database.drop();
});

function start() {
  const onPosts = vi.fn<(posts: number) => void>();
  const onFailure = vi.fn<(error: unknown) => void>();
  const { url: simulatorUrl } = simulator;
  return {
    onPosts,
    onFailure,
    ...createChecks({ databaseUrl: database.url, simulatorUrl, onPosts, onFailure }),
  };
}

async function checked() {
  const { rows } = await pool.query(
    `SELECT array_agg(profile_id::integer ORDER BY profile_id) AS ids, (SELECT count(*)::integer FROM activities) AS posts
     FROM schedule WHERE checked_at IS NOT NULL`,
  );
  return rows[0];
}

test('a profile costs one call, and so do a hundred; all of them are written', async () => {
  const { checks, close, onPosts, onFailure } = start();
  await checks.one('150');
  expect(simulator.calls()).toBe(1);
  await checks.many(Array.from({ length: 100 }, (_, i) => String(i + 1)));
  expect(simulator.calls()).toBe(2);
  const { ids, posts } = await checked();
  expect(ids).toEqual([...Array.from({ length: 100 }, (_, i) => i + 1), 150]);
  expect(posts).toBeGreaterThan(50);
  expect(onPosts.mock.calls.reduce((sum, [some]) => sum + some, 0)).toBe(posts);
  expect(onFailure).not.toHaveBeenCalled();
  await close();
});

test('a call that fails is told, and fails the job', async () => {
  const { checks, close, onPosts, onFailure } = start();
  simulator.setFaults({ outage: 'unavailable' });
  await expect(checks.many(['160', '161'])).rejects.toThrow('no evidence: request_failed');
  expect(onFailure).toHaveBeenCalledOnce();
  expect(onPosts).not.toHaveBeenCalled();
  expect((await checked()).ids).not.toContain(160);
  await close();
});
