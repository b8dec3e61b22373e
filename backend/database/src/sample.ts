import type { Queryable } from './pool.ts';

/** Enough for an estimate within a few percent, few enough to read at once. */
const largestSample = 10_000;

export interface Sample {
  readonly profiles: number;
  readonly sampled: readonly { readonly postsPerDay: number | null; readonly idle: number | null }[];
}

/** How often profiles post and how long they have been idle (ms): of a group, or of all (`null`). */
export async function sampleProfiles(db: Queryable, groupId: number | null): Promise<Sample> {
  const { rows } = await db.query<{ posts_per_day: number | null; idle: number | null }>(
    `SELECT s.posts_per_day, (extract(epoch FROM now() - s.last_activity_at) * 1000)::float8 AS idle
       FROM profiles p JOIN schedule s USING (profile_id)
      WHERE $1::integer IS NULL OR p.group_id = $1 LIMIT $2`,
    [groupId, largestSample],
  );
  const counted = await db.query<{ profiles: number }>(
    'SELECT count(*)::integer AS profiles FROM profiles WHERE $1::integer IS NULL OR group_id = $1',
    [groupId],
  );
  const sampled = rows.map(row => ({ postsPerDay: row.posts_per_day, idle: row.idle }));
  return { profiles: counted.rows[0]?.profiles ?? 0, sampled };
}
