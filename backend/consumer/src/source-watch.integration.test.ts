import { createPool, type Pool } from '@app/database/pool';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import { noCounts } from '@app/policy/guard-counts';
import type { LookUp } from '@app/x-api/client';
import type { Upstream } from '@app/x-api/upstream';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { watchSource } from './source-watch.ts';

let database: TestDatabase;
let pool: Pool;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const counts = { ...noCounts, looks: 1 };

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

beforeEach(async () => {
  await pool.query('TRUNCATE source_minutes, source_answers');
  await pool.query('UPDATE source_state SET failing_since = NULL, failing_as = NULL, watermark_at = NULL');
});

const answer = (upstream: Upstream): LookUp => ({ observations: [], upstream, rate: null, returned: 0 });

async function told() {
  const { rows } = await pool.query(`SELECT (SELECT sum(looks)::int FROM source_minutes) AS looks,
    (SELECT sum(calls)::int FROM source_answers) AS calls, failing_as, watermark_at FROM source_state`);
  return rows[0];
}

test('what was seen is told in sums, and the rest at the end', async () => {
  const watch = watchSource(pool, 20, quiet);
  for (let i = 0; i < 50; i++) {
    watch.answered(answer({ state: 'ok' }));
    watch.checked(counts, 1_700_000_000_000 + i);
    await new Promise(resolve => setTimeout(resolve, 2));
  }
  await watch.stop();
  expect(watch.newest()).toBe(1_700_000_000_049);
  expect(await told()).toEqual({ looks: 50, calls: 50, failing_as: null, watermark_at: 1_700_000_000_049 });
});

test('what could not be told is told later, once', async () => {
  let broken = true;
  const query: Pool['query'] = ((statement: never) =>
    broken ? Promise.reject(new Error('lost')) : pool.query(statement)) as never;
  const watch = watchSource({ query } as Pool, 10, quiet);
  watch.checked(counts, 5);
  watch.answered(answer({ state: 'out_of_credit' }));
  await new Promise(resolve => setTimeout(resolve, 50));
  watch.checked(counts, 4);
  broken = false;
  await watch.stop();
  expect(await told()).toEqual({ looks: 2, calls: 1, failing_as: 'out_of_credit', watermark_at: 5 });
});

test('a rate limit, or our own giving up, is no failure of X', async () => {
  const watch = watchSource(pool, 1_000, quiet);
  watch.answered(answer({ state: 'rate_limited', resetAt: null }));
  watch.answered(answer({ state: 'aborted' }));
  await watch.stop();
  expect(await told()).toMatchObject({ calls: 1, failing_as: null });
});
