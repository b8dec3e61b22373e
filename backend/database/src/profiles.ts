import type { CheckReason } from '@app/policy/next-check';
import type { AccountState, Status } from '@app/policy/status';
import { type Client, inTransaction, type Pool, type Queryable } from './pool.ts';
import { withRetry } from './retry.ts';
import { graceSql, statusSql, thresholdSql } from './status-sql.ts';

/** X's id, or a handle without its `@`. */
export type ProfileKey = { readonly id: string } | { readonly handle: string };

export interface ProfileRow {
  /** Negative while only the handle is known. */
  readonly profile_id: string;
  readonly handle: string | null;
  readonly name: string | null;
  readonly group_name: string;
  readonly status: Status;
  readonly threshold_s: number;
  readonly own_threshold: boolean;
  readonly grace_s: number;
  readonly own_grace: boolean;
  readonly basis: 'own' | 'consent' | 'organisation' | 'unstated';
  readonly created_at: number;
  readonly next_check_at: number;
  readonly reason: CheckReason;
  readonly deadline_at: number | null;
  readonly checked_at: number | null;
  readonly last_activity_at: number | null;
  readonly account_state: AccountState;
  readonly open_alerts: ('inactivity' | 'suspended' | 'protected' | 'not_found' | 'renamed')[];
}

/** The columns of a `ProfileRow`, out of p (profiles), g (groups) and s (schedule). */
export const profileColumns = `
    p.profile_id, p.handle, p.name, g.name AS group_name, ${statusSql} AS status,
    ${thresholdSql} AS threshold_s, p.threshold_s IS NOT NULL AS own_threshold,
    ${graceSql} AS grace_s, p.grace_s IS NOT NULL AS own_grace,
    p.basis, p.created_at, s.next_check_at, s.reason, s.deadline_at, s.checked_at, s.last_activity_at, s.account_state,
    ARRAY(SELECT a.kind::text FROM alerts a
           WHERE a.profile_id = p.profile_id AND a.status <> 'resolved' ORDER BY a.kind) AS open_alerts`;

/**
 * The key of a profile; null when it is not watched. A handle means the resolved profile that holds it
 * (the one looked at last, should X have passed it on between two looks), else the unresolved one.
 */
export async function findProfileId(db: Queryable, key: ProfileKey): Promise<string | null> {
  if ('id' in key) {
    const { rows } = await db.query<{ profile_id: string }>(
      'SELECT profile_id FROM profiles WHERE profile_id = $1',
      [key.id],
    );
    return rows[0]?.profile_id ?? null;
  }
  const { rows } = await db.query<{ profile_id: string }>(
    `SELECT p.profile_id
       FROM profiles p CROSS JOIN LATERAL (SELECT checked_at FROM schedule s WHERE s.profile_id = p.profile_id OFFSET 0) s
      WHERE lower(p.handle) = lower($1)
      ORDER BY p.profile_id < 0, s.checked_at DESC NULLS LAST, p.profile_id LIMIT 1`,
    [key.handle],
  );
  return rows[0]?.profile_id ?? null;
}

export async function readProfile(db: Queryable, profileId: string): Promise<ProfileRow | null> {
  const { rows } = await db.query<ProfileRow>(
    `SELECT ${profileColumns}
       FROM profiles p JOIN groups g USING (group_id) JOIN schedule s USING (profile_id) WHERE p.profile_id = $1`,
    [profileId],
  );
  return rows[0] ?? null;
}

export interface FormerHandle {
  readonly handle: string;
  readonly until: number;
}

/** The handles that a profile had before, newest first. */
export async function readFormerHandles(db: Queryable, profileId: string): Promise<FormerHandle[]> {
  const { rows } = await db.query<FormerHandle>(
    'SELECT handle, until FROM former_handles WHERE profile_id = $1 ORDER BY until DESC LIMIT 1000',
    [profileId],
  );
  return rows;
}

/** "Check now": due at once, in the lane for what people wait for. Answers when it is due; null when it is not watched. */
export async function requestCheck(db: Queryable, profileId: string): Promise<number | null> {
  const { rows } = await db.query<{ next_check_at: number }>(
    `UPDATE schedule SET next_check_at = now(), leased_until = NULL, lane = 'checks.manual', reason = 'manual'
      WHERE profile_id = $1 RETURNING next_check_at`,
    [profileId],
  );
  return rows[0]?.next_check_at ?? null;
}

/** Erases a profile and everything of it. False when it is not watched. */
export async function deleteProfile(pool: Pool, profileId: string): Promise<boolean> {
  return withRetry(() => inTransaction(pool, client => erase(client, profileId)));
}

/** Whoever writes activities holds the row of the schedule, so that none can be written between the two deletes. */
async function erase(client: Client, profileId: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT FROM schedule WHERE profile_id = $1 FOR UPDATE', [
    profileId,
  ]);
  if (rowCount === 0) return false;
  await client.query('DELETE FROM activities WHERE profile_id = $1', [profileId]);
  await client.query('DELETE FROM profiles WHERE profile_id = $1', [profileId]);
  return true;
}
