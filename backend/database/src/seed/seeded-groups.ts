import type { WatchRule } from '@app/policy/next-check';
import { defaultGroupId } from '../groups.ts';
import { inTransaction, type Pool } from '../pool.ts';

export interface SeededGroup {
  readonly groupId: number;
  readonly rule: WatchRule;
  /** A profile belongs to the first group whose `below` is above its number from 0 to 1. */
  readonly below: number;
}

/** A few groups are large and many small: the share of the n-th falls with n^1.5, so that of 50 the first holds 44 % and the last 0.1 %. */
const slope = 1.5;
const day = 86_400;
/** Thresholds of the groups after the default one, in turn. */
const thresholds = [3, 14, 30, 7, 1, 21, 60].map(days => days * day);

/** The default group and others beside it, made where they are missing; what a group that exists has for a policy is kept. */
export async function seedGroups(pool: Pool, groups: number): Promise<SeededGroup[]> {
  const names = Array.from({ length: groups - 1 }, (_, i) => `group ${i + 2}`);
  const { rows } = await inTransaction(pool, async client => {
    await client.query(
      `INSERT INTO groups (name, threshold_s, grace_s, freshness_s)
       SELECT name, threshold_s, 86400, greatest(threshold_s, 604800) FROM unnest($1::text[], $2::integer[]) AS u (name, threshold_s)
       ON CONFLICT DO NOTHING`,
      [names, names.map((_, i) => thresholds[i % thresholds.length])],
    );
    return client.query<GroupRow>(
      `SELECT group_id, threshold_s, grace_s, freshness_s, weight FROM groups
        WHERE group_id = $1 OR lower(name) = ANY ($2) ORDER BY group_id <> $1, group_id`,
      [defaultGroupId, names],
    );
  });
  return withShares(rows);
}

interface GroupRow {
  group_id: number;
  threshold_s: number;
  grace_s: number;
  freshness_s: number;
  weight: number;
}

function withShares(rows: readonly GroupRow[]): SeededGroup[] {
  const sizes = rows.map((_, i) => (i + 1) ** -slope);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let below = 0;
  return rows.map((row, i) => {
    below += (sizes[i] ?? 0) / total;
    const isLast = i === rows.length - 1;
    return { groupId: row.group_id, rule: ruleOf(row), below: isLast ? 1 : below };
  });
}

function ruleOf(row: GroupRow): WatchRule {
  return {
    threshold: row.threshold_s * 1_000,
    grace: row.grace_s * 1_000,
    freshness: row.freshness_s * 1_000,
    weight: row.weight,
  };
}
