import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { float4s, int4s, int8s, times, words } from './binary.ts';
import { createPool, type Pool } from './pool.ts';
import { cloneDatabase, type TestDatabase } from './test/test-database.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

const many = <T>(value: fc.Arbitrary<T>) => fc.array(fc.option(value), { maxLength: 300 });

test('what is sent as a binary array arrives as it is', async () => {
  const row = fc.record({
    int4: many(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
    int8: many(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)),
    float4: many(fc.float({ noNaN: true }).filter(one => !Object.is(one, -0))),
    // Beyond 2285 microseconds since 2000 exceed 2^53, and a millisecond may be off by one of them.
    time: many(fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(2285, 0, 1) })),
    word: many(fc.constantFrom('ok', 'not_found', 'checks.fresh')),
  });
  await fc.assert(
    fc.asyncProperty(row, async sent => {
      const { rows } = await pool.query(
        `SELECT $1::integer[] AS int4, $2::bigint[]::text[] AS int8, $3::real[] AS float4,
                ARRAY(SELECT (extract(epoch FROM t) * 1000)::float8 FROM unnest($4::timestamptz[]) AS t) AS time, $5::text[] AS word`,
        [int4s(sent.int4), int8s(sent.int8), float4s(sent.float4), times(sent.time), words(sent.word)],
      );
      const [got] = rows;
      const float4 = got.float4.map((one: number | null) => (one === null ? null : Math.fround(one)));
      expect({ ...got, float4 }).toEqual(sent);
    }),
    { numRuns: 60 },
  );
});

test('a number that the column cannot hold is refused before it is sent', () => {
  expect(() => int8s([String(2n ** 63n)])).toThrow(RangeError);
  expect(() => int8s(['1e5'])).toThrow(SyntaxError);
  expect(() => int4s([2 ** 31])).toThrow(RangeError);
});
