import { findGroupId, type GroupPolicy } from './groups.ts';
import type { JobRow } from './jobs.ts';
import { type Client, inTransaction, type Pool } from './pool.ts';
import { enqueueReplan, unfinishedReplan } from './replan.ts';
import { withRetry } from './retry.ts';

export type GroupPolicyChange = { readonly [Field in keyof GroupPolicy]?: GroupPolicy[Field] | undefined };

export type GroupChanged =
  /** `replan` brings the profiles in line; null when nothing is left to bring in line. */
  | { readonly outcome: 'changed'; readonly replan: JobRow | null }
  | { readonly outcome: 'unknown' | 'name_taken' };

/**
 * Changes a group, and with its threshold or grace has its profiles planned anew, by a job that is kept in the same transaction.
 * `confirmDelayMs`: how long before a deadline the first of the two looks is due.
 */
export async function changeGroup(
  pool: Pool,
  groupId: number,
  change: GroupPolicyChange,
  confirmDelayMs: number,
): Promise<GroupChanged> {
  return withRetry(() => inTransaction(pool, client => apply(client, groupId, change, confirmDelayMs)));
}

async function apply(
  client: Client,
  groupId: number,
  change: GroupPolicyChange,
  confirmDelayMs: number,
): Promise<GroupChanged> {
  if (change.name !== undefined && (await nameIsTaken(client, groupId, change.name)))
    return { outcome: 'name_taken' };
  const before = await lockPolicy(client, groupId);
  if (before === null) return { outcome: 'unknown' };
  await client.query(
    `UPDATE groups SET name = coalesce($2, name), threshold_s = coalesce($3, threshold_s),
            grace_s = coalesce($4, grace_s), freshness_s = coalesce($5, freshness_s),
            weight = coalesce($6, weight) WHERE group_id = $1`,
    [groupId, change.name, change.threshold, change.grace, change.freshness, change.weight],
  );
  return {
    outcome: 'changed',
    replan: await replanAfter(client, groupId, { before, change, confirmDelayMs }),
  };
}

interface Policy {
  readonly threshold_s: number;
  readonly grace_s: number;
}

/** Changes of one group take turns. */
async function lockPolicy(client: Client, groupId: number): Promise<Policy | null> {
  const { rows } = await client.query<Policy>(
    'SELECT threshold_s, grace_s FROM groups WHERE group_id = $1 FOR NO KEY UPDATE',
    [groupId],
  );
  return rows[0] ?? null;
}

interface Change {
  readonly before: Policy;
  readonly change: GroupPolicyChange;
  readonly confirmDelayMs: number;
}

/** Asked for the policy that holds already, it answers the job that is still at it; one that was given up begins anew. */
async function replanAfter(
  client: Client,
  groupId: number,
  { before, change, confirmDelayMs }: Change,
): Promise<JobRow | null> {
  const { threshold = before.threshold_s, grace = before.grace_s } = change;
  if (threshold !== before.threshold_s || grace !== before.grace_s)
    return enqueueReplan(client, groupId, confirmDelayMs);
  if (change.threshold === undefined && change.grace === undefined) return null;
  const unfinished = await unfinishedReplan(client, groupId);
  const isGivenUp = unfinished?.state === 'failed' || unfinished?.state === 'cancelled';
  return isGivenUp ? enqueueReplan(client, groupId, confirmDelayMs) : unfinished;
}

async function nameIsTaken(client: Client, groupId: number, name: string): Promise<boolean> {
  const other = await findGroupId(client, name);
  return other !== null && other !== groupId;
}
