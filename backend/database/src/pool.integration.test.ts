import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPool, inTransaction, type Pool } from './pool.ts';
import { cloneDatabase, type TestDatabase } from './test/test-database.ts';

let database: TestDatabase;
let pool: Pool;
const lost: string[] = [];

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: error => lost.push(error.message) });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

test('a connection that breaks inside a transaction fails that transaction, and nothing else', async () => {
  const broken = inTransaction(pool, async client => {
    await client.query('INSERT INTO profiles (profile_id) VALUES (1)');
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await client.query('INSERT INTO profiles (profile_id) VALUES (2)');
  });
  await expect(broken).rejects.toThrow();
  const { rows } = await pool.query('SELECT count(*)::int AS n FROM profiles');
  expect(rows[0].n).toBe(0);
  expect(lost.length).toBeGreaterThan(0);
});

test('times come as milliseconds and 64-bit ids as text', async () => {
  const { rows } = await pool.query(
    `SELECT timestamptz '2026-01-02 03:04:05.678+00' AS at, 9007199254740993::bigint AS id`,
  );
  expect(rows).toEqual([{ at: Date.UTC(2026, 0, 2, 3, 4, 5, 678), id: '9007199254740993' }]);
});

test('work that throws leaves nothing behind', async () => {
  const failing = inTransaction(pool, async client => {
    await client.query('INSERT INTO profiles (profile_id) VALUES (3)');
    throw new Error('changed my mind');
  });
  await expect(failing).rejects.toThrow('changed my mind');
  const { rows } = await pool.query('SELECT count(*)::int AS n FROM profiles');
  expect(rows[0].n).toBe(0);
});
