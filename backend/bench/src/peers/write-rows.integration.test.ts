import { claimDue } from '@app/database/claim';
import { loadKnown } from '@app/database/known';
import { createPool, type Pool } from '@app/database/pool';
import { recordJudgments } from '@app/database/record';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import { judge } from '@app/policy/judge';
import type { Seen } from '@app/policy/observation';
import { snowflakeAt } from '@app/x-api/snowflake';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { seenRow } from './seen-row.ts';
import { writeRow, writeRows } from './write-rows.ts';

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

const minute = 60_000;
const now = Date.now();
const knownPost = { id: snowflakeAt(now - 90 * minute), at: now - 90 * minute };
const newPost = { id: snowflakeAt(now - 5 * minute), at: now - 5 * minute };

beforeEach(async () => {
  await pool.query('TRUNCATE profiles, activities CASCADE');
  await pool.query(
    `INSERT INTO profiles (profile_id, handle) SELECT i, 'user' || i FROM generate_series(1, 4) i`,
  );
  await pool.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane, account_state, checked_at, state_since, last_activity_at,
       last_post_id, post_count, like_count, following_count, profile_hash, posts_per_day, reason)
     SELECT i, now(), 'checks.fresh', 'ok', now() - interval '1 hour', now() - interval '1 day', $1, $2, 10, 20, 30, 40, 1, 'fresh'
     FROM generate_series(1, 4) i`,
    [new Date(knownPost.at), knownPost.id],
  );
});

function seenOf(id: string, post = newPost): Seen {
  const counts = { postCount: 11, likeCount: 20, followingCount: 30, profileHash: '40' };
  const lastPost = { kind: 'at', ...post } as const;
  const account = { name: null, createdAt: 0, protected: false };
  return { kind: 'seen', id, handle: `user${id}`, ...account, lastPost, ...counts };
}

/** As our own consumer does it. */
async function checkOurs(id: string): Promise<void> {
  const { claimed } = await claimDue(pool, 'checks.fresh', 10, minute);
  const loaded = await loadKnown(
    pool,
    claimed.filter(one => one.profileId === id),
  );
  const hour = 60 * minute;
  const pace = { confirmDelay: minute, freshnessK: hour, freshnessFloor: minute, retryBase: 1, retryCap: 1 };
  const look = { observedAt: loaded.now, pace, random: 0.5 };
  await recordJudgments(
    pool,
    loaded.known.map(one => ({ ...one, judgment: judge(one.known, seenOf(id), look) })),
  );
}

/** What does not depend on when, how often and how eagerly it was looked. */
async function stored() {
  const { rows } = await pool.query(
    `SELECT account_state, state_since, deadline_at, last_activity_at, last_post_id, profile_hash, suspected_at, post_count,
            like_count, following_count, failures, checked_at > now() - interval '1 minute' AS checked,
            next_check_at > now() + interval '1 second' AS later
     FROM schedule ORDER BY profile_id`,
  );
  return rows;
}

async function activities() {
  const { rows } = await pool.query(
    'SELECT profile_id, kind, occurred_at, post_id, window_from FROM activities ORDER BY profile_id, occurred_at',
  );
  return rows;
}

test('a peer leaves the row and the activity that our own consumer leaves', async () => {
  await checkOurs('1');
  expect(await writeRow(pool, seenRow('2', seenOf('2')))).toBe(1);
  const rows = ['3', '4'].map(id => seenRow(id, seenOf(id)));
  expect(await writeRows(pool, rows)).toBe(2);
  const [ours, ...theirs] = await stored();
  expect(ours).toMatchObject({ last_post_id: newPost.id, post_count: 11, checked: true, later: true });
  expect(theirs).toEqual([ours, ours, ours]);
  const post = { kind: 'post', occurred_at: newPost.at, post_id: newPost.id, window_from: null };
  expect(await activities()).toEqual(['1', '2', '3', '4'].map(id => ({ profile_id: id, ...post })));
});

test('a post that is known already is no new activity, and an older one takes nothing back', async () => {
  const older = { id: snowflakeAt(now - 200 * minute), at: now - 200 * minute };
  expect(await writeRow(pool, seenRow('2', seenOf('2', knownPost)))).toBe(0);
  expect(await writeRows(pool, [seenRow('3', seenOf('3', older))])).toBe(0);
  expect(await activities()).toEqual([]);
  const known = { last_post_id: knownPost.id, last_activity_at: knownPost.at, checked: true };
  expect((await stored()).slice(1, 3)).toMatchObject([known, known]);
});

test('of an account that is gone the state is written, and what was known of it stays', async () => {
  await writeRows(pool, [seenRow('2', { kind: 'suspended' }), seenRow('3', { kind: 'not_found' })]);
  const kept = { last_post_id: knownPost.id, post_count: 10, deadline_at: null };
  expect((await stored()).slice(1, 3)).toMatchObject([
    { account_state: 'suspended', ...kept },
    { account_state: 'not_found', ...kept },
  ]);
});
