import { type Client, inTransaction, type Pool } from './pool.ts';

/** A handle that X has named the numeric id of. */
export interface Resolved {
  /** The negative key that stood for the handle. */
  readonly profileId: string;
  readonly claimVersion: number;
  /** X's numeric id. */
  readonly userId: string;
  readonly handle: string;
}

/**
 * Keys unresolved profiles by X's numeric id from now on. Returns those that were re-keyed. A handle whose account is
 * watched already becomes one with it. Whoever was stored under the same handle with another id has lost it on X,
 * so that profile is looked at now: its own look says what it is called today. Nothing is re-attached by handle.
 */
export async function keyByUserId(pool: Pool, resolved: readonly Resolved[]): Promise<Resolved[]> {
  if (resolved.length === 0) return [];
  return inTransaction(pool, async client => {
    const keyed: Resolved[] = [];
    for (const one of resolved.toSorted((a, b) => (a.userId < b.userId ? -1 : 1))) {
      if (await keyOne(client, one)) keyed.push(one);
    }
    return keyed;
  });
}

async function keyOne(
  client: Client,
  { profileId, claimVersion, userId, handle }: Resolved,
): Promise<boolean> {
  const held = await client.query(
    'SELECT 1 FROM schedule WHERE profile_id = $1 AND claim_version = $2 FOR UPDATE',
    [profileId, claimVersion],
  );
  if (held.rowCount === 0) return false;
  await lookAtFormerHolders(client, userId, handle);
  const watched = await client.query('SELECT 1 FROM profiles WHERE profile_id = $1 FOR UPDATE', [userId]);
  if (watched.rowCount !== 0) {
    await client.query('DELETE FROM profiles WHERE profile_id = $1', [profileId]);
    return false;
  }
  await client.query('SAVEPOINT key');
  try {
    await client.query('UPDATE profiles SET profile_id = $2 WHERE profile_id = $1', [profileId, userId]);
    return true;
  } catch (error) {
    // Added under its id by someone else at this very moment: the next look finds it watched and makes them one.
    if ((error as { code?: string }).code !== '23505') throw error;
    await client.query('ROLLBACK TO SAVEPOINT key');
    return false;
  }
}

async function lookAtFormerHolders(client: Client, userId: string, handle: string): Promise<void> {
  await client.query(
    `UPDATE schedule SET next_check_at = now(), leased_until = NULL, lane = 'checks.manual', reason = 'manual'
     WHERE profile_id IN (SELECT profile_id FROM profiles
                          WHERE lower(handle) = lower($2) AND profile_id > 0 AND profile_id <> $1)`,
    [userId, handle],
  );
}
