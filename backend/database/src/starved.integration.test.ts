import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { claimDue } from './claim.ts';
import { createPool, type Pool } from './pool.ts';
import { promoteStarved } from './starved.ts';
import { cloneDatabase, type TestDatabase } from './test/test-database.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', plansOnce: true, onError: () => undefined });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

beforeEach(async () => {
  await pool.query('TRUNCATE profiles, activities CASCADE');
});

const hour = 3_600_000;

/** A look of freshness that is due since an hour, of a profile whose deadline is so many seconds from now. */
async function add(id: number, deadlineIn: number, more: { due?: string; suspected?: string } = {}) {
  await pool.query('INSERT INTO profiles (profile_id) VALUES ($1)', [id]);
  await pool.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane, reason, account_state, deadline_at, suspected_at)
     VALUES ($1, now() + $3::interval, 'checks.fresh', 'fresh', 'ok', now() + $2::integer * interval '1 second', $4::timestamptz)`,
    [id, deadlineIn, more.due ?? '-1 hour', more.suspected ?? null],
  );
}

const promote = () => promoteStarved(pool, { from: Number.NEGATIVE_INFINITY, leadMs: 60_000 });
const claimed = async () =>
  (await claimDue(pool, 'checks.deadline', 100, hour)).claimed.map(row => row.profileId);

test('a look of freshness whose deadline has come is claimed with the deadlines, at once and for its deadline', async () => {
  await add(1, -5);
  await add(2, 30);
  await add(3, 600);
  expect(await promote()).toMatchObject({ promoted: 2, ended: true });
  const { rows } = await pool.query(
    "SELECT lane, reason, next_check_at > now() - interval '1 minute' AS is_now FROM schedule WHERE profile_id = 1",
  );
  expect(rows).toEqual([{ lane: 'checks.deadline', reason: 'deadline', is_now: true }]);
  expect((await claimed()).sort()).toEqual(['1', '2']);
  expect(await promote()).toMatchObject({ promoted: 0, ended: true });
});

test('a look that is not due yet, paused, or of a profile already suspected is left alone', async () => {
  await add(1, -5, { due: '1 hour' });
  await add(2, -5, { due: 'infinity' });
  await add(3, -5, { suspected: 'now' });
  expect(await promote()).toMatchObject({ promoted: 0, ended: true });
  expect(await claimed()).toEqual([]);
});

test('whoever has a look in hand keeps it, and it is promoted when the lease has lapsed', async () => {
  await add(1, -5);
  await claimDue(pool, 'checks.fresh', 1, hour);
  expect(await promote()).toMatchObject({ promoted: 0, ended: true });
  await pool.query("UPDATE schedule SET leased_until = now() - interval '1 second'");
  expect(await promote()).toMatchObject({ promoted: 1, ended: true });
});

test('a row that is being written is passed over, not waited for', async () => {
  await add(1, -5);
  const client = await pool.connect();
  await client.query('BEGIN; UPDATE schedule SET failures = 1');
  expect(await promote()).toMatchObject({ promoted: 0, ended: true });
  await client.query('ROLLBACK');
  client.release();
  expect((await promote()).promoted).toBe(1);
});

test('a walk that meets more than it may read tells how far it came, and the next goes on there', async () => {
  await pool.query('INSERT INTO profiles (profile_id) SELECT generate_series(1, 10050)');
  await pool.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane, account_state, deadline_at)
     SELECT i, now(), CASE WHEN i > 10040 THEN 'checks.fresh' ELSE 'checks.deadline' END::lane, 'ok',
            now() - interval '2 hours' + i * interval '100 milliseconds'
     FROM generate_series(1, 10050) i`,
  );
  const first = await promote();
  expect(first).toMatchObject({ promoted: 0, ended: false });
  const second = await promoteStarved(pool, { from: first.reached, leadMs: 60_000 });
  expect(second).toMatchObject({ promoted: 10, ended: true });
  expect(second.reached).toBeGreaterThan(first.reached);
});
