import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leadMaintenance, type Work, workOn } from './maintenance.ts';
import {
  dropOldestMonth,
  dropRollUpMonth,
  makeActivityPartitions,
  makeRollUpMonth,
  monthName,
  monthStart,
  readMonths,
} from './partitions.ts';
import { createPool, type Pool } from './pool.ts';
import { growOlder, partitionsOf } from './test/old-database.ts';
import { cloneDatabase, type TestDatabase } from './test/test-database.ts';

let database: TestDatabase;
let pool: Pool;

beforeEach(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
});

afterEach(async () => {
  await pool.end();
  await database.drop();
});

const forEver = new AbortController().signal;
async function lead(run: (work: Work) => Promise<unknown>): Promise<void> {
  expect(await leadMaintenance(pool, async db => void (await run(workOn(db, forEver))))).toBe(true);
}
const name = (after: number) => `activities_${monthName(monthStart(Date.now(), after))}`;
const insert = (time: Date, id = 7) =>
  pool.query({
    name: 'insert',
    text: `INSERT INTO activities (profile_id, occurred_at, kind) VALUES ($1, $2, 'post') ON CONFLICT DO NOTHING`,
    values: [id, time],
  });
const kept = async () =>
  (await pool.query<{ at: number }>('SELECT occurred_at AS at FROM activities ORDER BY 1')).rows.map(
    row => row.at,
  );

test.each([
  ['2026-11-23T10:00:00Z', 0, '202611'],
  ['2026-11-30T23:59:59.999Z', 1, '202612'],
  ['2026-12-01T00:00:00Z', 1, '202701'],
  ['2026-01-31T00:00:00Z', -1, '202512'],
  ['2024-02-29T12:00:00Z', 12, '202502'],
])('from %s the month %i after is %s', (time, after, month) => {
  expect(monthName(monthStart(Date.parse(time), after))).toBe(month);
});

describe('the months ahead', () => {
  const months = () => partitionsOf(pool, 'activities');

  test('are three, made once, whoever asks', async () => {
    await pool.query(`DROP TABLE ${name(2)}, ${name(3)}`);
    const made = await Promise.all([1, 2, 3].map(() => makeActivityPartitions(pool)));
    expect(made.sort()).toEqual([0, 0, 2]);
    expect(await months()).toEqual(['activities_earlier', ...[0, 1, 2, 3].map(name)]);
  });

  test('have no gap to the newest one, however long nobody made any', async () => {
    await growOlder(pool, 8);
    await pool.query(`DROP TABLE ${[-5, -4, -3, -2, -1, 0, 1, 2, 3].map(name).join(', ')}`);
    expect(await makeActivityPartitions(pool)).toBe(9);
    expect(await months()).toEqual([
      'activities_earlier',
      ...[-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3].map(name),
    ]);
    for (let days = -300; days < 90; days += 10) await insert(new Date(Date.now() + days * 86_400_000));
    expect(await kept()).toHaveLength(39);
  });

  test('are the same in a database that lives in another time zone', async () => {
    await pool.query(`DROP TABLE ${name(3)}`);
    await pool.query(
      `ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET timezone = 'Asia/Kathmandu'`,
    );
    const elsewhere = createPool({ url: database.url, name: 'test', onError: () => undefined });
    expect(await makeActivityPartitions(elsewhere)).toBe(1);
    const found = await readMonths(elsewhere, 'activities');
    await elsewhere.end();
    expect(found).toEqual(
      [0, 1, 2, 3].map(after => ({
        table: name(after),
        from: monthStart(Date.now(), after),
        until: monthStart(Date.now(), after + 1),
      })),
    );
  });

  test('are made while others read and write, and keep nobody waiting', async () => {
    await pool.query(`DROP TABLE ${name(3)}`);
    const busy = await pool.connect();
    await busy.query('BEGIN; SELECT count(*) FROM activities');
    await busy.query(`INSERT INTO activities (profile_id, occurred_at, kind) VALUES (1, now(), 'post')`);
    expect(await makeActivityPartitions(pool)).toBe(1);
    await busy.query('COMMIT');
    busy.release();
  });

  test('are vacuumed before a fifth of them is new', async () => {
    await pool.query(`DROP TABLE ${name(3)}`);
    await makeActivityPartitions(pool);
    const { rows } = await pool.query(
      `SELECT DISTINCT reloptions FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
        WHERE inhparent = 'activities'::regclass`,
    );
    expect(rows).toEqual([{ reloptions: ['autovacuum_vacuum_insert_scale_factor=0.02'] }]);
  });
});

describe('dropping the oldest month', () => {
  const dropFirst = () =>
    lead(async work => {
      const [oldest] = await readMonths(work.db, 'activities');
      await dropOldestMonth(work, oldest!);
    });

  test('drops it with what is older, keeps the rest, and leaves no time without a table', async () => {
    await growOlder(pool, 3);
    const border = monthStart(Date.now(), -2);
    for (const time of [border - 86_400_000 * 400, border - 1, border, border + 1])
      await insert(new Date(time));
    await dropFirst();
    expect(await kept()).toEqual([border, border + 1]);
    expect(await partitionsOf(pool, 'activities')).toEqual([
      'activities_earlier',
      ...[-2, -1, 0, 1, 2, 3].map(name),
    ]);
    await insert(new Date(border - 1));
    await insert(new Date('2010-11-06'));
    expect(await kept()).toHaveLength(4);
  });

  test('drops none but the oldest', async () => {
    await growOlder(pool, 3);
    const second = lead(async work => {
      const [, month] = await readMonths(work.db, 'activities');
      await dropOldestMonth(work, month!);
    });
    await expect(second).rejects.toThrow(/is not the oldest month/);
    expect(await partitionsOf(pool, 'activities')).toHaveLength(8);
  });

  test('lets inserts of every time go on: none fails, and none waits for long', async () => {
    await growOlder(pool, 12);
    const longest = { ms: 0 };
    const ending = new AbortController();
    const writers = [1, 2, 3, 4].map(async writer => {
      let inserted = 0;
      for (let i = 0; !ending.signal.aborted; i++) {
        const began = performance.now();
        const months = [0, 0, 0, -1, -6, -11, -12, -14, -100][i % 9]!;
        await insert(new Date(monthStart(Date.now(), months) + i * 1_000), writer);
        longest.ms = Math.max(longest.ms, performance.now() - began);
        inserted++;
      }
      return inserted;
    });
    for (let i = 0; i < 11; i++) await dropFirst();
    ending.abort();
    const inserted = (await Promise.all(writers)).reduce((sum, n) => sum + n, 0);
    expect(inserted).toBeGreaterThan(100);
    expect(longest.ms).toBeLessThan(10_000);
    expect(await partitionsOf(pool, 'activities')).toHaveLength(6);
  });

  test('waits for a reader that has it open, and meanwhile inserts go on', async () => {
    await growOlder(pool, 1);
    const reader = await pool.connect();
    await reader.query('BEGIN; SELECT count(*) FROM activities');
    const dropped = dropFirst();
    for (let i = 0; i < 20; i++) await insert(new Date(monthStart(Date.now()) + i));
    expect(await partitionsOf(pool, 'activities')).toHaveLength(6);
    await reader.query('COMMIT');
    reader.release();
    await dropped;
    expect(await partitionsOf(pool, 'activities')).toHaveLength(5);
    expect(await kept()).toHaveLength(20);
  });
});

test('months of counts are made once, refer to profiles, and are dropped', async () => {
  await pool.query('INSERT INTO profiles (profile_id) VALUES (1), (2)');
  const from = Date.UTC(2025, 9);
  await lead(async work => {
    await makeRollUpMonth(work, { from, until: Date.UTC(2025, 10) });
    await makeRollUpMonth(work, { from, until: Date.UTC(2025, 10) });
    expect(await readMonths(work.db, 'activity_months')).toEqual([
      { table: 'activity_months_202510', from, until: Date.UTC(2025, 10) },
    ]);
  });
  await pool.query(
    `INSERT INTO activity_months VALUES (1, '2025-10-01', '{257}'), (2, '2025-10-01', '{257}')`,
  );
  await pool.query('UPDATE profiles SET profile_id = 3 WHERE profile_id = 1');
  await pool.query('DELETE FROM profiles WHERE profile_id = 2');
  expect((await pool.query('SELECT profile_id FROM activity_months')).rows).toEqual([{ profile_id: '3' }]);
  await lead(async work => dropRollUpMonth(work, (await readMonths(work.db, 'activity_months'))[0]!));
  expect(await partitionsOf(pool, 'activity_months')).toEqual([]);
});
