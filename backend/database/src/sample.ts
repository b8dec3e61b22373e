import { byIndexes } from './by-indexes.ts';
import { readCensusCounts } from './census.ts';
import type { Pool, Queryable } from './pool.ts';
import { placesIn, prepared } from './prepared.ts';
import { allGroups } from './profile-sizes.ts';
import { candidatesOf } from './profile-sources.ts';

/** Enough for an estimate within a few percent, few enough to read at once. */
const largestSample = 10_000;

export interface Sample {
  readonly profiles: number;
  readonly sampled: readonly { readonly postsPerDay: number | null; readonly idle: number | null }[];
}

/** How often profiles post and how long they have been idle (ms): of a group, or of all (`null`). */
export async function sampleProfiles(pool: Pool, groupId: number | null): Promise<Sample> {
  const sampled = await byIndexes(pool, db => readSample(db, groupId));
  if (sampled.length < largestSample) return { profiles: sampled.length, sampled };
  return { profiles: Math.max(sampled.length, await countMany(pool, groupId)), sampled };
}

async function readSample(db: Queryable, groupId: number | null): Promise<Sample['sampled'][number][]> {
  const values: unknown[] = [];
  const wanted = { groupId: groupId ?? undefined };
  const range = { after: null, examine: largestSample };
  const { from } = candidatesOf(groupId === null ? 'all' : 'group', wanted, range, placesIn(values));
  const { rows } = await db.query<{ posts_per_day: number | null; idle: number | null }>(
    prepared(
      `SELECT s.posts_per_day, date_part('epoch', now() - s.last_activity_at) * 1000 AS idle FROM ${from}`,
      values,
    ),
  );
  return rows.map(row => ({ postsPerDay: row.posts_per_day, idle: row.idle }));
}

/** As the last census counted; before the first one they are counted here. */
async function countMany(pool: Pool, groupId: number | null): Promise<number> {
  const counts = await readCensusCounts(pool, [groupId ?? allGroups]);
  let counted = 0;
  for (const statuses of counts.values()) for (const profiles of statuses.values()) counted += profiles;
  if (counted > 0) return counted;
  const { rows } = await pool.query<{ profiles: number }>(
    'SELECT count(*)::integer AS profiles FROM profiles WHERE $1::integer IS NULL OR group_id = $1',
    [groupId],
  );
  return rows[0]?.profiles ?? 0;
}
