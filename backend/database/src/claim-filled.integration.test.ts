import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { claimDue } from './claim.ts';
import { claimFilled } from './claim-filled.ts';
import { createPool, type Pool } from './pool.ts';
import { cloneDatabase, type TestDatabase } from './test/test-database.ts';

let database: TestDatabase;
let pool: Pool;
const lease = 60_000;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

beforeEach(() => pool.query('TRUNCATE profiles CASCADE'));

/** Profiles from `first` on, due in so many seconds (negative: since). */
async function add(
  first: number,
  count: number,
  lane: 'checks.deadline' | 'checks.fresh',
  dueIn: string,
): Promise<void> {
  await pool.query(
    `INSERT INTO profiles (profile_id, handle) SELECT i, 'u' || i FROM generate_series($1::int, $2::int) i`,
    [first, first + count - 1],
  );
  await pool.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane)
     SELECT i, CASE WHEN $4 = 'infinity' THEN 'infinity' ELSE now() + ($4 || ' s')::interval + i * interval '1 ms' END, $3
     FROM generate_series($1::int, $2::int) i`,
    [first, first + count - 1, lane, dueIn],
  );
}

const idsOf = async (most = 1_000) =>
  (await claimFilled(pool, most, lease)).claimed.map(row => Number(row.profileId)).sort((a, b) => a - b);
const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

test('a short deadline batch is filled with what is overdue for freshness, then with what comes next', async () => {
  await add(1, 30, 'checks.deadline', '-10');
  await add(1_000, 20, 'checks.fresh', '-5');
  await add(2_000, 100, 'checks.fresh', '3600');
  await add(3_000, 100, 'checks.fresh', '7200');
  expect(await idsOf()).toEqual([...range(1, 30), ...range(1_000, 20), ...range(2_000, 50)]);
});

test('what another message holds is left alone, though its lease ends before the others come due', async () => {
  await add(1, 1, 'checks.deadline', '-10');
  await add(1_000, 5, 'checks.fresh', '-5');
  expect((await claimDue(pool, 'checks.fresh', 100, lease)).claimed.length).toBe(5);
  await add(2_000, 3, 'checks.fresh', '3600');
  expect(await idsOf()).toEqual([1, ...range(2_000, 3)]);
});

test('nothing is looked at early when no deadline is due, nor beside a full batch', async () => {
  await add(1_000, 50, 'checks.fresh', '3600');
  expect(await idsOf()).toEqual([]);
  await add(1, 200, 'checks.deadline', '-10');
  expect(await idsOf()).toEqual(range(1, 200));
});

test('profiles without an id are claimed but neither filled up nor used as filling', async () => {
  await add(-3, 3, 'checks.deadline', '-10');
  await add(-20, 5, 'checks.fresh', '-5');
  await add(1_000, 5, 'checks.fresh', '-5');
  expect(await idsOf()).toEqual([-3, -2, -1]);
});

test('profiles that are never due are never filling', async () => {
  await add(1, 1, 'checks.deadline', '-10');
  await add(1_000, 5, 'checks.fresh', 'infinity');
  expect(await idsOf()).toEqual([1]);
});
