import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrate } from '../migrate.ts';
import { cloneDatabase, type TestDatabase } from '../test/test-database.ts';
import { takeSeedLock } from './heal.ts';
import { droppedIndexes, dropSecondaryIndexes, restoreIndex } from './secondary-indexes.ts';

let database: TestDatabase;
let client: pg.Client;

beforeEach(async () => {
  database = await cloneDatabase();
  client = await connect();
});

afterEach(async () => {
  await client.end();
  await database.drop();
});

async function connect(): Promise<pg.Client> {
  const one = new pg.Client({ connectionString: database.url });
  await one.connect();
  return one;
}

async function definitions(): Promise<string[]> {
  const { rows } = await client.query<{ indexdef: string }>(
    `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname`,
  );
  return rows.map(row => row.indexdef);
}

test('what is dropped keeps every rule, and a killed seed is healed by the next start', async () => {
  const before = await definitions();
  await dropSecondaryIndexes(client);
  const without = await definitions();
  expect(without.length).toBeLessThan(before.length - 60);
  expect(before.filter(one => one.includes('UNIQUE') && !without.includes(one))).toEqual([]);
  // Killed in the middle of making them again.
  const [[first, ...others] = []] = await droppedIndexes(client);
  expect(others.length).toBeGreaterThan(60);
  await restoreIndex(client, first!);
  await client.query('INSERT INTO profiles (profile_id, handle) VALUES (1, $1)', ['sim1']);
  await migrate(database.url);
  expect(await definitions()).toEqual(before);
  expect(await droppedIndexes(client)).toEqual([]);
});

test('killed between making an index and crossing it out, it is not made twice', async () => {
  const before = await definitions();
  await dropSecondaryIndexes(client);
  for (const { definition } of (await droppedIndexes(client)).flat()) await client.query(definition);
  await migrate(database.url);
  expect(await definitions()).toEqual(before);
});

test('a second drop before anything is made again forgets nothing', async () => {
  const before = await definitions();
  await dropSecondaryIndexes(client);
  await dropSecondaryIndexes(client);
  await migrate(database.url);
  expect(await definitions()).toEqual(before);
});

test('a start leaves a seed alone that is at work', async () => {
  const seed = await connect();
  await takeSeedLock(seed);
  await dropSecondaryIndexes(seed);
  await migrate(database.url);
  expect((await droppedIndexes(client)).flat().length).toBeGreaterThan(5);
  await seed.end();
});
