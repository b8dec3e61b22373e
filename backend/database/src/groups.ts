import { type Client, inTransaction, type Pool, type Queryable } from './pool.ts';
import { withRetry } from './retry.ts';
import { graceSql, thresholdSql } from './status-sql.ts';

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
}

export interface GroupPolicy {
  readonly name: string;
  readonly threshold: number;
  readonly grace: number;
  readonly freshness: number;
  readonly weight: number;
}

export type GroupPolicyChange = { readonly [Field in keyof GroupPolicy]?: GroupPolicy[Field] | undefined };

const selectGroups = `SELECT g.*, (SELECT count(*) FROM profiles p WHERE p.group_id = g.group_id) AS profiles FROM groups g`;

/** A page of groups in the order of their ids, with how many profiles each has. */
export async function listGroups(
  db: Queryable,
  page: { readonly after: number | null; readonly limit: number },
): Promise<GroupRow[]> {
  const { rows } = await db.query<GroupRow>(
    `${selectGroups} WHERE g.group_id > $1 ORDER BY g.group_id LIMIT $2`,
    [page.after ?? 0, page.limit],
  );
  return rows;
}

export async function readGroup(db: Queryable, groupId: number): Promise<GroupRow | null> {
  const { rows } = await db.query<GroupRow>(`${selectGroups} WHERE g.group_id = $1`, [groupId]);
  return rows[0] ?? null;
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

export type GroupChanged = 'changed' | 'unknown' | 'name_taken';

/**
 * Changes a group, and with its threshold or grace the plan of its profiles, all in one transaction.
 * `confirmDelay`: how many seconds before a deadline the first of the two looks is due.
 */
export async function changeGroup(
  pool: Pool,
  groupId: number,
  change: GroupPolicyChange,
  confirmDelay: number,
): Promise<GroupChanged> {
  return withRetry(() => inTransaction(pool, client => apply(client, groupId, change, confirmDelay)));
}

async function apply(
  client: Client,
  groupId: number,
  change: GroupPolicyChange,
  confirmDelay: number,
): Promise<GroupChanged> {
  if (change.name !== undefined && (await nameIsTaken(client, groupId, change.name))) return 'name_taken';
  const { rowCount } = await client.query(
    `UPDATE groups SET name = coalesce($2, name), threshold_s = coalesce($3, threshold_s),
            grace_s = coalesce($4, grace_s), freshness_s = coalesce($5, freshness_s),
            weight = coalesce($6, weight) WHERE group_id = $1`,
    [groupId, change.name, change.threshold, change.grace, change.freshness, change.weight],
  );
  if (rowCount === 0) return 'unknown';
  if (change.threshold !== undefined || change.grace !== undefined)
    await replan(client, groupId, confirmDelay);
  return 'changed';
}

async function nameIsTaken(client: Client, groupId: number, name: string): Promise<boolean> {
  const other = await findGroupId(client, name);
  return other !== null && other !== groupId;
}

/**
 * Brings the deadlines of a group's profiles in line with its policy. A deadline that comes earlier brings the next look
 * forward; one that goes later leaves it where it is, since a look too early is harmless.
 * The rows are locked in the order of their keys, as every writer of the schedule does, so that none can deadlock.
 */
async function replan(client: Client, groupId: number, confirmDelay: number): Promise<void> {
  // A group may hold millions; the pool's own limit is meant for requests that touch a page.
  await client.query(`SET LOCAL statement_timeout = '10min'`);
  await client.query(
    `SELECT count(*) FROM (SELECT FROM schedule s JOIN profiles p USING (profile_id)
       WHERE p.group_id = $1 AND (p.threshold_s IS NULL OR p.grace_s IS NULL)
       ORDER BY s.profile_id FOR UPDATE OF s) locked`,
    [groupId],
  );
  await client.query(
    `WITH plan AS (
       SELECT s.profile_id,
              CASE WHEN EXISTS (SELECT FROM alerts a WHERE a.profile_id = s.profile_id
                                  AND a.kind = 'inactivity' AND a.status <> 'resolved')
                   THEN s.checked_at ELSE s.last_activity_at END
              + make_interval(secs => ${thresholdSql} + ${graceSql}) AS deadline_at
         FROM schedule s JOIN profiles p USING (profile_id) JOIN groups g USING (group_id)
        WHERE p.group_id = $1 AND (p.threshold_s IS NULL OR p.grace_s IS NULL))
     UPDATE schedule s
        SET deadline_at = plan.deadline_at,
            next_check_at = least(s.next_check_at, plan.deadline_at - make_interval(secs => $2)),
            lane = CASE WHEN plan.deadline_at - make_interval(secs => $2) < s.next_check_at
                        THEN 'checks.deadline' ELSE s.lane END,
            reason = CASE WHEN plan.deadline_at - make_interval(secs => $2) < s.next_check_at
                          THEN 'deadline' ELSE s.reason END
       FROM plan
      WHERE plan.profile_id = s.profile_id AND plan.deadline_at IS DISTINCT FROM s.deadline_at`,
    [groupId, confirmDelay],
  );
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
