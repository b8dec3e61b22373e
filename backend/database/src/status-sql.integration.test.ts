import { type AccountState, patience, statuses, statusOf } from '@app/policy/status';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPool, inTransaction, type Pool } from './pool.ts';
import { statusSql } from './status-sql.ts';
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

interface Sample {
  paused: boolean;
  state: AccountState;
  checkedAt: number | null;
  lastActivityAt: number | null;
  suspectedAt: number | null;
  threshold: number;
  grace: number;
  /** Which of the two the profile says itself; the group says the others. */
  ownThreshold: boolean;
  ownGrace: boolean;
}

/** mulberry32: the same rows in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const states: AccountState[] = [
  'unseen',
  'ok',
  'ok',
  'ok',
  'ok',
  'ok',
  'suspended',
  'protected',
  'not_found',
];

/** Many fall right onto, just before or just after one of the borders: threshold, deadline, deadline + patience. */
function sample(next: () => number, now: number): Sample {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T;
  const threshold = pick([1, 60, 3_600, 604_800, 315_360_000]);
  const grace = pick([0, 1, 86_400, 315_360_000]);
  const border = pick([
    0,
    threshold * 1000,
    (threshold + grace) * 1000,
    (threshold + grace) * 1000 + patience,
  ]);
  const lastActivityAt =
    now - border + pick([-1, 0, 1, -86_400_000 * next(), 86_400_000 * next()].map(Math.round));
  const deadline = lastActivityAt + (threshold + grace) * 1000;
  return {
    paused: next() < 0.05,
    state: pick(states),
    checkedAt: next() < 0.05 ? null : pick([now, now - 1, deadline, deadline - 1, deadline + 1]),
    lastActivityAt: next() < 0.05 ? null : lastActivityAt,
    suspectedAt: next() < 0.7 ? deadline : null,
    threshold,
    grace,
    ownThreshold: next() < 0.5,
    ownGrace: next() < 0.5,
  };
}

test('the status in SQL and the status in policy agree on a thousand rows, on every border too', async () => {
  await inTransaction(pool, async client => {
    // now() stands still in a transaction.
    const [{ now }] = (await client.query<{ now: number }>('SELECT now()')).rows as [{ now: number }];
    const next = random(20_261_122);
    const samples = Array.from({ length: 1_000 }, () => sample(next, now));
    const column = (value: (one: Sample) => unknown) => samples.map(value);
    const time = (ms: number | null) => (ms === null ? null : new Date(ms));
    const { rows } = await client.query<{ status: string }>(
      `SELECT ${statusSql} AS status FROM (
         SELECT n, CASE WHEN paused THEN now() END AS paused_at, state::account_state AS account_state,
                checked_at, last_activity_at, suspected_at, own_threshold, own_grace, group_threshold,
                group_grace
           FROM unnest($1::boolean[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::integer[], $6::integer[],
                       $7::integer[], $8::integer[], $9::timestamptz[])
                WITH ORDINALITY AS u (paused, state, checked_at, last_activity_at, own_threshold, own_grace,
                                      group_threshold, group_grace, suspected_at, n)) r,
         LATERAL (SELECT r.paused_at, r.own_threshold AS threshold_s, r.own_grace AS grace_s) p,
         LATERAL (SELECT r.group_threshold AS threshold_s, r.group_grace AS grace_s) g,
         LATERAL (SELECT r.account_state, r.checked_at, r.last_activity_at, r.suspected_at) s
       ORDER BY r.n`,
      [
        column(one => one.paused),
        column(one => one.state),
        column(one => time(one.checkedAt)),
        column(one => time(one.lastActivityAt)),
        column(one => (one.ownThreshold ? one.threshold : null)),
        column(one => (one.ownGrace ? one.grace : null)),
        column(one => (one.ownThreshold ? 77 : one.threshold)),
        column(one => (one.ownGrace ? 77 : one.grace)),
        column(one => time(one.suspectedAt)),
      ],
    );
    const expected = samples.map(one =>
      statusOf(
        {
          paused: one.paused,
          accountState: one.state,
          checkedAt: one.checkedAt,
          lastActivityAt: one.lastActivityAt,
          suspectedAt: one.suspectedAt,
        },
        { threshold: one.threshold * 1000, grace: one.grace * 1000 },
        now,
      ),
    );
    expect(rows.map(row => row.status)).toEqual(expected);
    expect([...new Set(expected)].sort()).toEqual([...statuses].sort());
  });
});
