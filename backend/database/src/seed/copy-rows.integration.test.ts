import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPool, inTransaction, type Pool } from '../pool.ts';
import { cloneDatabase, type TestDatabase } from '../test/test-database.ts';
import { copyIn } from './copy-in.ts';
import { CopyRows } from './copy-rows.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
  await pool.query(
    `CREATE TABLE every_type (i2 smallint, i4 integer, i8 bigint, r real, b boolean, at timestamptz, t text, k activity_kind)`,
  );
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

const columns = ['i2', 'i4', 'i8', 'r', 'b', 'at', 't', 'k'];

function rowOf(rows: CopyRows, id: number | string, text: string | null, at: number | null): void {
  rows.row(8).int2(-7).int4(at).int8(id).float4(2.5).bool(true).time(at).text(text).word('like');
}

test('every type comes in as it went out, at its limits too, and more rows than fit at first', async () => {
  const rows = new CopyRows(4_096);
  rowOf(rows, '-9223372036854775808', 'Grüße 🐦', 0);
  rowOf(rows, Number.MAX_SAFE_INTEGER, null, null);
  rowOf(rows, -1, '', 1_000);
  for (let i = 0; i < 1_000; i++) rowOf(rows, i, 'x'.repeat(50), i);
  await inTransaction(pool, client => copyIn(client, 'every_type', columns, rows.bytes()));
  const { rows: found } = await pool.query('SELECT * FROM every_type LIMIT 3');
  const same = { i2: -7, r: 2.5, b: true, k: 'like' };
  expect(found).toEqual([
    { ...same, i4: 0, i8: '-9223372036854775808', at: 0, t: 'Grüße 🐦' },
    { ...same, i4: null, i8: '9007199254740991', at: null, t: null },
    { ...same, i4: 1_000, i8: '-1', at: 1_000, t: '' },
  ]);
  const { rows: counts } = await pool.query('SELECT count(*)::int AS rows FROM every_type');
  expect(counts).toEqual([{ rows: 1_003 }]);
});

test('what the server refuses is an error, and the connection is as good as before', async () => {
  const rows = new CopyRows();
  rows.row(1).word('dance');
  await expect(
    inTransaction(pool, client => copyIn(client, 'every_type', ['k'], rows.bytes())),
  ).rejects.toThrow('invalid input value for enum activity_kind');
  const fine = new CopyRows();
  fine.row(1).word('post');
  await inTransaction(pool, client => copyIn(client, 'every_type', ['k'], fine.bytes()));
});

test('a row with a field too many is our mistake', () => {
  expect(() => new CopyRows().row(1).int4(1).int4(2)).toThrow(RangeError);
});
