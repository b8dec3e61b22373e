import type { Queryable } from './pool.ts';
import type { ProfileFilter, Sizes } from './profile-steps.ts';

/** The key under which the census keeps what it counted over all groups. */
export const allGroups = 0;

/** What the last census says of the filter; null before the first. */
export async function readSizes(db: Queryable, { groupId, statuses }: ProfileFilter): Promise<Sizes | null> {
  const { rows } = await db.query<Sizes>({
    name: 'profile-sizes',
    text: `
      SELECT c.profiles::float8 AS "all", c.strays::float8 AS strays,
        (SELECT coalesce(sum(n.profiles), 0)::float8 FROM census_counts n WHERE n.group_id = $1) AS "group",
        (SELECT coalesce(sum(n.profiles), 0)::float8 FROM census_counts n
          WHERE n.group_id = ${allGroups} AND ($2::text[] IS NULL OR n.status = ANY ($2))) AS statuses
        FROM census c`,
    values: [groupId ?? allGroups, statuses],
  });
  return rows[0] ?? null;
}
