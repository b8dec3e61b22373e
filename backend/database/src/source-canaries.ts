import { inTransaction, type Pool, type Queryable } from './pool.ts';
import { usualGap } from './source.ts';

export interface CanaryRow {
  readonly profile_id: string;
  readonly handle: string | null;
  readonly added_at: number;
  readonly last_activity_at: number | null;
  readonly checked_at: number | null;
  readonly usual_gap_ms: number | null;
}

export async function listCanaries(db: Queryable): Promise<CanaryRow[]> {
  const { rows } = await db.query<CanaryRow>(`
    SELECT c.profile_id, p.handle, c.added_at, s.last_activity_at, s.checked_at, g.gap_ms AS usual_gap_ms
    FROM canaries c JOIN profiles p USING (profile_id) JOIN schedule s USING (profile_id)
    CROSS JOIN LATERAL (${usualGap('c.profile_id')}) AS g ORDER BY c.profile_id`);
  return rows;
}

/** Those looked at longest ago first. */
export async function canaryIds(db: Queryable, most: number): Promise<string[]> {
  const { rows } = await db.query<{ profile_id: string }>(
    'SELECT c.profile_id FROM canaries c JOIN schedule s USING (profile_id) ORDER BY s.checked_at NULLS FIRST LIMIT $1',
    [most],
  );
  return rows.map(row => row.profile_id);
}

export type CanaryRefusal = 'unknown' | 'unresolved' | 'paused' | 'not_seen';

/** Why some of these cannot be canaries, by their place in the list. Empty: they are the canaries now, and no others. */
export async function replaceCanaries(
  pool: Pool,
  wanted: readonly { readonly id: string | null; readonly handle: string | null }[],
): Promise<readonly { readonly place: number; readonly why: CanaryRefusal }[]> {
  return inTransaction(pool, async client => {
    const { rows } = await client.query<{
      place: number;
      profile_id: string | null;
      why: CanaryRefusal | null;
    }>(findStatement, [wanted.map(one => one.id), wanted.map(one => one.handle)]);
    const refused = rows.flatMap(({ place, why }) => (why === null ? [] : [{ place, why }]));
    if (refused.length > 0) return refused;
    const ids = rows.map(row => row.profile_id);
    await client.query('DELETE FROM canaries WHERE NOT profile_id = ANY ($1::bigint[])', [ids]);
    await client.query(
      'INSERT INTO canaries (profile_id) SELECT DISTINCT unnest($1::bigint[]) ON CONFLICT DO NOTHING',
      [ids],
    );
    return [];
  });
}

/** A handle that changed hands may stand at two profiles for a while: the newest look is right. */
const findStatement = `
SELECT w.place::integer - 1 AS place, f.profile_id,
  CASE WHEN f.profile_id IS NULL THEN 'unknown' WHEN f.profile_id < 0 THEN 'unresolved'
       WHEN f.paused_at IS NOT NULL THEN 'paused' WHEN f.account_state <> 'ok' THEN 'not_seen' END AS why
FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS w (profile_id, handle, place)
LEFT JOIN LATERAL (
  SELECT p.profile_id, p.paused_at, s.account_state
  FROM profiles p JOIN schedule s USING (profile_id)
  WHERE p.profile_id = w.profile_id OR (w.profile_id IS NULL AND lower(p.handle) = lower(w.handle))
  ORDER BY s.checked_at DESC NULLS LAST LIMIT 1
) AS f ON true
ORDER BY w.place`;
