import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrate } from './migrate.ts';
import { emptyDatabase, type TestDatabase } from './test/test-database.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await emptyDatabase();
});

afterEach(async () => {
  await database.drop();
});

async function query(statement: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return await client.query(statement);
  } finally {
    await client.end();
  }
}

test('several starters at once apply every migration exactly once', async () => {
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(database.url)));
  const names = applied.flat();
  expect(names.length).toBeGreaterThan(3);
  expect(new Set(names).size).toBe(names.length);
  expect(await migrate(database.url)).toEqual([]);
});

test('a schema made by a newer version is refused and left alone', async () => {
  await migrate(database.url);
  await query(`INSERT INTO migrations (name) VALUES ('9999-from-the-future.sql')`);
  await expect(migrate(database.url)).rejects.toThrow(
    'migrated by a newer version (9999-from-the-future.sql)',
  );
});

test('activities of any time up to three months ahead have a place', async () => {
  await migrate(database.url);
  const insert = (time: string) =>
    query(`INSERT INTO activities (profile_id, occurred_at, kind) VALUES (7, ${time}, 'post')`);
  for (const time of [`'2006-03-21'`, 'now()', `now() + interval '3 months'`]) await insert(time);
  await expect(insert(`now() + interval '5 months'`)).rejects.toThrow('no partition');
});

test('an inactivity alert without evidence is refused by the database itself', async () => {
  await migrate(database.url);
  await query('INSERT INTO profiles (profile_id) VALUES (7)');
  const insert = (confirmed: string) =>
    query(`INSERT INTO alerts (profile_id, kind, became_true_at, silent_since, suspected_at, confirmed_at, threshold_s, grace_s)
           VALUES (7, 'inactivity', '2026-01-02', '2026-01-01', '2026-01-01 23:00', '${confirmed}', 86400, 0)`);
  await expect(insert('2026-01-01 23:30')).rejects.toThrow('check constraint');
  await expect(insert('2026-01-02')).resolves.toBeDefined();
  await expect(insert('2026-01-02')).rejects.toThrow('alerts_unresolved');
});
