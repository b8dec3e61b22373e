import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from './migrate.ts';
import { createPool, type Pool } from './pool.ts';
import { emptyDatabase, type TestDatabase } from './test/test-database.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await emptyDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

const folder = fileURLToPath(new URL('../migrations/', import.meta.url));

/** As an earlier version left it. */
async function migrateBefore(first: string): Promise<void> {
  await pool.query(
    'CREATE TABLE migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  for (const name of (await readdir(folder)).filter(file => file.endsWith('.sql') && file < first).sort()) {
    await pool.query(await readFile(folder + name, 'utf8'));
    await pool.query('INSERT INTO migrations (name) VALUES ($1)', [name]);
  }
}

test('profiles of an earlier version keep why they are watched', async () => {
  await migrateBefore('0009');
  await pool.query(`INSERT INTO profiles (profile_id, handle, basis)
                    VALUES (1, 'a', 'own'), (2, 'b', 'consent'), (3, NULL, 'organisation'), (4, 'd', 'unstated')`);
  await migrate(database.url);
  const { rows } = await pool.query<{ basis: string }>('SELECT basis FROM profiles ORDER BY profile_id');
  expect(rows.map(row => row.basis)).toEqual(['own', 'consent', 'organisation', 'unstated']);
  await pool.query('INSERT INTO profiles (profile_id) VALUES (5)');
  const made = await pool.query<{ basis: string }>('SELECT basis FROM profiles WHERE profile_id = 5');
  expect(made.rows[0]?.basis).toBe('unstated');
});

test('blocks of ids follow each other as the ids do, whatever kind they are of', async () => {
  const { rows } = await pool.query<{ disordered: number; blocks: number }>(
    `WITH ids AS (
       SELECT unnest(ARRAY[-9223372036854775807, -34359738369, -34359738368, -65, -64, -1, 0, 63, 64, 9223372036854775807]
         || ARRAY(SELECT b + d FROM unnest(ARRAY[16777216, 17179869184]) b, generate_series(-70000::bigint, 70000, 997) d)
         || ARRAY(SELECT (random() * 2::float8 ^ e)::bigint FROM generate_series(1, 62) e, generate_series(1, 50))) AS id),
     blocks AS (SELECT id_block(id) AS block, lag(id_block(id)) OVER (ORDER BY id) AS before FROM ids)
     SELECT count(*) FILTER (WHERE block < before)::integer AS disordered, count(DISTINCT block)::integer AS blocks FROM blocks`,
  );
  expect(rows[0]?.disordered).toBe(0);
  expect(rows[0]?.blocks).toBeGreaterThan(500);
});
