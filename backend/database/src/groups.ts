import { byIndexes } from './by-indexes.ts';
import { exactUpTo } from './live-counts.ts';
import type { Pool, Queryable } from './pool.ts';

/** Where a profile goes that names no group. Made by the first migration. */
export const defaultGroupId = 1;

export interface GroupRow {
  readonly group_id: number;
  readonly name: string;
  readonly threshold_s: number;
  readonly grace_s: number;
  readonly freshness_s: number;
  readonly weight: number;
  readonly created_at: number;
  readonly profiles: string;
  /** As of the last census. */
  readonly profiles_estimated: boolean;
}

export interface GroupPolicy {
  readonly name: string;
  readonly threshold: number;
  readonly grace: number;
  readonly freshness: number;
  readonly weight: number;
}

/** So many profiles may be counted for one page of groups: some 40 ms. Of the other groups the census tells. */
const mostCounted = 200_000;

/** Few profiles are counted at once, in the smallest groups first; of many the last census says how many there are. */
function groupsSql(page: string): string {
  return `
  SELECT g.*, CASE WHEN few.profiles <= ${exactUpTo} THEN few.profiles ELSE greatest(g.known, few.profiles) END AS profiles,
         few.profiles IS NULL OR few.profiles > ${exactUpTo} AS profiles_estimated
    FROM (SELECT g.*, c.profiles AS known,
                 sum(least(c.profiles, ${exactUpTo})) OVER (ORDER BY c.profiles, g.group_id) AS counted
            FROM (${page}) g
           CROSS JOIN LATERAL (
             SELECT coalesce(sum(n.profiles), 0) AS profiles FROM census_counts n WHERE n.group_id = g.group_id) c) g
   CROSS JOIN LATERAL (
     SELECT CASE WHEN g.known <= ${exactUpTo} AND g.counted <= ${mostCounted} THEN (
       SELECT count(*) FROM (
         SELECT FROM profiles p WHERE p.group_id = g.group_id LIMIT ${exactUpTo + 1}) p) END AS profiles OFFSET 0) few
   ORDER BY g.group_id`;
}

/** A page of groups in the order of their ids, with how many profiles each has. */
export async function listGroups(
  pool: Pool,
  page: { readonly after: number | null; readonly limit: number },
): Promise<GroupRow[]> {
  const text = groupsSql('SELECT * FROM groups WHERE group_id > $1 ORDER BY group_id LIMIT $2');
  return byIndexes(pool, async db => (await db.query<GroupRow>(text, [page.after ?? 0, page.limit])).rows);
}

export async function readGroup(pool: Pool, groupId: number): Promise<GroupRow | null> {
  return (await readGroups(pool, [groupId]))[0] ?? null;
}

/** Those of the groups that exist. */
export async function readGroups(pool: Pool, groupIds: readonly number[]): Promise<GroupRow[]> {
  const text = groupsSql('SELECT * FROM groups WHERE group_id = ANY ($1::integer[])');
  return byIndexes(pool, async db => (await db.query<GroupRow>(text, [groupIds])).rows);
}

export async function readGroupNames(
  db: Queryable,
  groupIds: readonly number[],
): Promise<Map<number, string>> {
  const { rows } = await db.query<{ group_id: number; name: string }>(
    'SELECT group_id, name FROM groups WHERE group_id = ANY ($1::integer[])',
    [groupIds],
  );
  return new Map(rows.map(row => [row.group_id, row.name]));
}

/** "News" and "news" are one group. */
export async function findGroupId(db: Queryable, name: string): Promise<number | null> {
  const { rows } = await db.query<{ group_id: number }>(
    'SELECT group_id FROM groups WHERE lower(name) = lower($1)',
    [name],
  );
  return rows[0]?.group_id ?? null;
}

/** Answers the key of the new group; null when the name is taken. */
export async function createGroup(db: Queryable, policy: GroupPolicy): Promise<number | null> {
  const { rows } = await db.query<{ group_id: number }>(
    `INSERT INTO groups (name, threshold_s, grace_s, freshness_s, weight) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING RETURNING group_id`,
    [policy.name, policy.threshold, policy.grace, policy.freshness, policy.weight],
  );
  return rows[0]?.group_id ?? null;
}

export type GroupDeleted = 'deleted' | 'unknown' | 'has_profiles' | 'is_default';

/** Deletes a group that nothing belongs to. */
export async function deleteGroup(db: Queryable, groupId: number): Promise<GroupDeleted> {
  if (groupId === defaultGroupId) return 'is_default';
  try {
    const { rowCount } = await db.query('DELETE FROM groups WHERE group_id = $1', [groupId]);
    return rowCount === 0 ? 'unknown' : 'deleted';
  } catch (error) {
    if (isForeignKeyViolation(error)) return 'has_profiles';
    throw error;
  }
}

function isForeignKeyViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23503';
}
