import type { Queryable } from '@app/database/pool';
import type { SeenRow } from './seen-row.ts';

/**
 * One statement, and so one commit, for the profile's row and its new post: two would be what first comes to mind, and
 * slower. The policy is the default group's: a threshold of 7 days and a day of grace.
 */
const statement = (rows: string) => `
WITH written AS (
  UPDATE schedule s SET
    next_check_at = now() + interval '12 hours' + random() * interval '1 day', lane = 'checks.fresh', reason = 'fresh',
    deadline_at = CASE WHEN j.account_state = 'ok'
      THEN greatest(s.last_activity_at, j.last_activity_at) + interval '8 days' END,
    checked_at = now(), last_activity_at = greatest(s.last_activity_at, j.last_activity_at),
    last_post_id = greatest(s.last_post_id, j.post_id), account_state = j.account_state,
    state_since = CASE WHEN j.account_state = 'ok' THEN NULL WHEN s.account_state = j.account_state THEN s.state_since ELSE now() END,
    post_count = coalesce(j.post_count, s.post_count), like_count = coalesce(j.like_count, s.like_count),
    following_count = coalesce(j.following_count, s.following_count),
    profile_hash = coalesce(j.profile_hash, s.profile_hash), failures = 0
  FROM (${rows}) AS j (profile_id, account_state, last_activity_at, post_id, posted_at,
                       post_count, like_count, following_count, profile_hash)
  WHERE s.profile_id = j.profile_id
  RETURNING s.profile_id, j.post_id, j.posted_at, old.last_post_id AS known
)
INSERT INTO activities (profile_id, occurred_at, kind, post_id)
SELECT profile_id, posted_at, 'post', post_id FROM written WHERE post_id > coalesce(known, 0)
ON CONFLICT DO NOTHING`;

const one = statement(
  'VALUES ($1::bigint, $2::account_state, $3::timestamptz, $4::bigint, $5::timestamptz, $6::integer, $7::integer, $8::integer, $9::bigint)',
);
const many = statement(
  'SELECT * FROM unnest($1::bigint[], $2::account_state[], $3::timestamptz[], $4::bigint[], $5::timestamptz[], $6::integer[], $7::integer[], $8::integer[], $9::bigint[])',
);

/** Resolves to how many posts were new. */
export async function writeRow(db: Queryable, row: SeenRow): Promise<number> {
  const { rowCount } = await db.query({ name: 'write-row', text: one, values: columns.map(of => of(row)) });
  return rowCount ?? 0;
}

export async function writeRows(db: Queryable, rows: readonly SeenRow[]): Promise<number> {
  const values = columns.map(of => rows.map(of));
  const { rowCount } = await db.query({ name: 'write-rows', text: many, values });
  return rowCount ?? 0;
}

const columns: readonly ((row: SeenRow) => unknown)[] = [
  row => row.profileId,
  row => row.accountState,
  row => row.lastActivityAt && new Date(row.lastActivityAt),
  row => row.post?.id ?? null,
  row => row.post && new Date(row.post.at),
  row => row.postCount,
  row => row.likeCount,
  row => row.followingCount,
  row => row.profileHash,
];
