import { createPool, type Pool } from '@app/database/pool';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { measureLimit } from './measure-limit.ts';
import { createTable } from './table.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
  await pool.query('INSERT INTO profiles (profile_id) SELECT generate_series(1, 3200)');
  await pool.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane, account_state, post_count, posts_per_day)
     SELECT i, now() - i * interval '1 second', 'checks.fresh', 'ok', 10, 1 FROM generate_series(1, 3200) i`,
  );
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

test('rows are taken once, earliest first, and written as a look leaves them', async () => {
  const table = await createTable(pool, 1);
  const first = await table.claim(pool, 0, 20);
  const second = await table.claim(pool, 16, 20);
  expect(new Set([...first, ...second]).size).toBe(40);
  expect(Math.min(...first.map(Number))).toBeGreaterThan(Math.max(...second.map(Number)));
  expect(await table.write(pool, 0, first)).toBe(20);
  const { rows } = await pool.query(
    `SELECT DISTINCT s.claim_version, s.post_count, s.deadline_at - s.last_activity_at AS span,
            s.checked_at > now() - interval '1 minute' AS checked, s.next_check_at > now() + interval '11 hours' AS later,
            a.occurred_at = s.last_activity_at AND a.post_id = s.last_post_id AS shown,
            s.last_activity_at > now() - interval '2 hours' AND s.last_activity_at <= now() AS recent,
            to_timestamp(((s.last_post_id >> 22) + 1288834974657) / 1000.0) = s.last_activity_at AS snowflake
     FROM schedule s JOIN activities a USING (profile_id)`,
  );
  const right = { checked: true, later: true, shown: true, recent: true, snowflake: true };
  expect(rows).toEqual([
    { claim_version: 1, post_count: 11, span: expect.objectContaining({ days: 8 }), ...right },
  ]);
});

test('counts rows that were really written, of all partitions', async () => {
  const limit = await measureLimit({ databaseUrl: database.url, seconds: 0.5 }, 2, 0);
  expect(limit).toMatchObject({ connections: 2, rows_per_statement: expect.toBeOneOf([100, 1_000]) });
  expect(limit.profiles_per_s).toBeGreaterThan(100);
  const { rows } = await pool.query(
    `SELECT count(DISTINCT tableoid)::integer AS partitions, sum(claim_version) > 0.5 * $1::integer AS claimed,
            (SELECT count(*)::integer FROM activities) AS activities
     FROM schedule WHERE checked_at IS NOT NULL`,
    [limit.profiles_per_s],
  );
  expect(rows).toEqual([{ partitions: 16, claimed: true, activities: 20 }]);
}, 60_000);
