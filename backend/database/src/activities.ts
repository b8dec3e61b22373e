import type { Queryable } from './pool.ts';

export interface ActivityRow {
  readonly kind: 'post' | 'like' | 'follow' | 'profile_change';
  readonly occurred_at: number;
  /** The exact time: milliseconds would let rows of one millisecond be skipped between two pages. */
  readonly occurred_us: string;
  readonly window_from: number | null;
  readonly post_id: string | null;
}

/** Where a page of activities ends. */
export interface ActivityPlace {
  readonly microseconds: string;
  readonly kind: string;
}

/** Beyond this a back-test would say more about the machine than about the profile. */
const mostTimes = 200_000;

/** When acts of a profile were seen, newest first, from `from` on and the one before it. */
export async function readActivityTimes(db: Queryable, profileId: string, from: number): Promise<number[]> {
  const { rows } = await db.query<{ occurred_at: number }>(
    `(SELECT occurred_at FROM activities WHERE profile_id = $1 AND occurred_at >= $2 ORDER BY occurred_at DESC LIMIT $3)
     UNION ALL
     (SELECT occurred_at FROM activities WHERE profile_id = $1 AND occurred_at < $2 ORDER BY occurred_at DESC LIMIT 1)`,
    [profileId, new Date(from), mostTimes],
  );
  return rows.map(row => row.occurred_at);
}

/** A page of what was seen of a profile, newest first. */
export async function listActivities(
  db: Queryable,
  profileId: string,
  page: { readonly after: ActivityPlace | null; readonly limit: number },
): Promise<ActivityRow[]> {
  const { rows } = await db.query<ActivityRow>(
    `SELECT kind, occurred_at, window_from, post_id,
            (extract(epoch FROM occurred_at) * 1000000)::bigint AS occurred_us
       FROM activities
      WHERE profile_id = $1
        AND ($2::bigint IS NULL
             OR (occurred_at, kind) < (timestamptz 'epoch' + $2::bigint * interval '1 microsecond', $3::activity_kind))
      ORDER BY occurred_at DESC, kind DESC LIMIT $4`,
    [profileId, page.after?.microseconds ?? null, page.after?.kind ?? null, page.limit],
  );
  return rows;
}
