import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { claimDue, overdue, releaseClaims } from './claim.ts';
import { loadKnown } from './known.ts';
import { createPool, type Pool } from './pool.ts';
import { requestCheck } from './profiles.ts';
import { recordAll, recordLooks } from './record-statement.ts';
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

const lane = 'checks.fresh';
const hour = 3_600_000;

/** Profiles 1 to n, due since n, n-1, … seconds. */
async function add(n: number): Promise<void> {
  await pool.query('INSERT INTO profiles (profile_id) SELECT generate_series(1, $1::integer)', [n]);
  await pool.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane)
     SELECT i, now() - i * interval '1 second', 'checks.fresh' FROM generate_series(1, $1::integer) i`,
    [n],
  );
}

const idsOf = async (most = 1_000, leaseMs = hour, floor?: number) =>
  (await claimDue(pool, lane, most, leaseMs, floor)).claimed.map(row => Number(row.profileId));

test('a claim tells when it was made, until when it holds, and when the first and the last of its rows was due', async () => {
  await add(60);
  const claim = await claimDue(pool, lane, 10, hour);
  expect(claim.leaseUntil - claim.claimedAt).toBe(hour);
  expect(claim.claimedAt - (claim.firstDue ?? 0)).toBeGreaterThanOrEqual(60_000);
  expect((claim.lastDue ?? 0) - (claim.firstDue ?? 0)).toBe(9_000);
  await idsOf();
  expect(await claimDue(pool, lane, 10, hour)).toMatchObject({ claimed: [], firstDue: null, lastDue: null });
});

test('every claimed row says in which partition it is, and is found there', async () => {
  await add(400);
  const { claimed } = await claimDue(pool, lane, 400, hour);
  const byLeaf = Map.groupBy(claimed, row => row.leaf);
  expect(byLeaf.size).toBe(16);
  for (const [leaf, rows] of byLeaf)
    expect((await loadKnown(pool, rows, leaf)).known.length).toBe(rows.length);
  const [[, rows] = [0, []], [other] = [0]] = [...byLeaf];
  expect((await loadKnown(pool, rows, other)).known).toEqual([]);
});

test('what lies before the low-water mark is passed over', async () => {
  await add(100);
  const floor = Date.now() - 50_500;
  const found = await idsOf(1_000, hour, floor);
  expect(Math.max(...found)).toBeLessThanOrEqual(51);
  expect(found.length).toBeGreaterThanOrEqual(49);
  expect((await idsOf()).length).toBe(100 - found.length);
});

test('a row is due as before while it is leased, but nobody else takes it, and it is not overdue', async () => {
  await add(3);
  const before = await pool.query('SELECT profile_id, next_check_at FROM schedule ORDER BY 1');
  await idsOf();
  expect((await pool.query('SELECT profile_id, next_check_at FROM schedule ORDER BY 1')).rows).toEqual(
    before.rows,
  );
  expect(await idsOf()).toEqual([]);
  expect(await overdue(pool, lane)).toEqual({ rows: 0, oldestMs: 0 });
});

test('a claim changes no index: every version of a row stays on its page', async () => {
  await add(2_000);
  await pool.query('VACUUM schedule');
  const hot = async () => {
    await pool.query('SELECT pg_stat_force_next_flush()');
    const { rows } = await pool.query<{ hot: number }>(
      `SELECT sum(pg_stat_get_tuples_hot_updated(inhrelid))::integer AS hot FROM pg_inherits WHERE inhparent = 'schedule'::regclass`,
    );
    return rows[0]?.hot ?? 0;
  };
  const before = await hot();
  await idsOf(200);
  // The last page of a partition may be full.
  expect((await hot()) - before).toBeGreaterThanOrEqual(150);
});

test('what was given back is due now, and can be claimed from any mark on', async () => {
  await add(100);
  const { claimed } = await claimDue(pool, lane, 100, hour);
  expect(await releaseClaims(pool, claimed)).toBe(100);
  expect((await idsOf(100, hour, Date.now() - 10_000)).length).toBe(100);
});

test('"check now" ends a lease: a newer claim follows, and the result of the older one is fenced out', async () => {
  await add(1);
  const [older] = (await claimDue(pool, lane, 1, hour)).claimed;
  await requestCheck(pool, '1');
  const [newer] = (await claimDue(pool, 'checks.manual', 1, hour)).claimed;
  expect([older?.claimVersion, newer?.claimVersion]).toEqual([1, 2]);
  expect((await loadKnown(pool, older ? [older] : [])).known).toEqual([]);
});

test('no statement of a check reads a whole table, however little the planner knows', async () => {
  await add(20_000);
  const plans: string[] = [];
  const explained = { query: (query: { text: string; values: unknown[] }) => explain(query, plans) };
  const { claimed } = await claimDue(pool, lane, 100, hour);
  await loadKnown(explained as never, claimed, 3).catch(() => undefined);
  for (const { text } of [recordLooks(3), recordAll(null)]) {
    await explain(
      { text, values: Array.from({ length: text.match(/\$40\b/) ? 40 : 23 }, () => '{}') },
      plans,
    );
  }
  expect(plans.length).toBe(3);
  for (const plan of plans) expect(plan).not.toMatch(/Seq Scan on (schedule|profiles|alerts|activities)/);
});

async function explain({ text, values }: { text: string; values: unknown[] }, plans: string[]) {
  const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, values);
  plans.push(rows.map(row => row['QUERY PLAN']).join('\n'));
  return { rows: [] };
}
