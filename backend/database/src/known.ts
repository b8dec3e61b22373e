import type { Source } from '@app/policy/guard-hold';
import type { AlertKind, Known } from '@app/policy/judgment';
import type { AccountState } from '@app/policy/status';
import { int4s, int8s } from './binary.ts';
import type { Claimed } from './claim.ts';
import { type Leaf, perLeaf } from './leaves.ts';
import type { Queryable } from './pool.ts';
import { type SourceColumns, sourceColumns, toSource } from './source.ts';

export interface Loaded {
  /** By the database's clock: X is asked after it, so what it shows is at least this recent. */
  readonly now: number;
  /** How far X is trusted now; `null` when nothing was loaded. */
  readonly source: Source | null;
  /** In no particular order. A profile that was deleted, or claimed anew, is not among them. */
  readonly known: readonly Held[];
}

/** A profile whose claim holds. */
export interface Held {
  readonly known: Known;
  readonly claimVersion: number;
  readonly groupId: number;
}

const loadKnownOf = perLeaf(
  'load-known',
  table => `
    WITH a AS MATERIALIZED (
      SELECT profile_id, array_agg(kind::text) AS unresolved FROM alerts
      WHERE profile_id = ANY ($1::bigint[]) AND status <> 'resolved' GROUP BY profile_id
    )
    SELECT s.profile_id, s.claim_version, s.account_state, s.state_since, s.checked_at, s.last_activity_at, s.last_post_id,
      s.suspected_at, s.post_count, s.like_count, s.following_count, s.profile_hash, s.posts_per_day, s.failures,
      p.handle, p.name, p.created_at, p.group_id, clock_timestamp() AS now, ${sourceColumns},
      coalesce(p.threshold_s, g.threshold_s) AS threshold_s, coalesce(p.grace_s, g.grace_s) AS grace_s, g.freshness_s, g.weight,
      a.unresolved
    FROM unnest($1::bigint[], $2::integer[]) AS c (profile_id, claim_version)
    JOIN ${table} s USING (profile_id, claim_version)
    JOIN profiles p USING (profile_id)
    JOIN groups g USING (group_id)
    LEFT JOIN a USING (profile_id)
    CROSS JOIN source_state x`,
);

/** What is known of the profiles whose claims still hold, with the policy that applies to each. All in partition `leaf`, if it is given. */
export async function loadKnown(
  db: Queryable,
  claimed: readonly Pick<Claimed, 'profileId' | 'claimVersion'>[],
  leaf: Leaf = null,
): Promise<Loaded> {
  const values = [int8s(claimed.map(row => row.profileId)), int4s(claimed.map(row => row.claimVersion))];
  const { rows } = await db.query<KnownRow>({ ...loadKnownOf(leaf), values });
  const known = rows.map(row => ({
    known: toKnown(row),
    claimVersion: row.claim_version,
    groupId: row.group_id,
  }));
  return { now: rows[0]?.now ?? 0, source: rows[0] ? toSource(rows[0]) : null, known };
}

interface KnownRow extends SourceColumns {
  now: number;
  profile_id: string;
  claim_version: number;
  handle: string | null;
  name: string | null;
  created_at: number;
  group_id: number;
  threshold_s: number;
  grace_s: number;
  freshness_s: number;
  weight: number;
  account_state: AccountState;
  state_since: number | null;
  checked_at: number | null;
  last_activity_at: number | null;
  last_post_id: string | null;
  suspected_at: number | null;
  post_count: number | null;
  like_count: number | null;
  following_count: number | null;
  profile_hash: number | null;
  posts_per_day: number | null;
  failures: number;
  unresolved: AlertKind[] | null;
}

function toKnown(row: KnownRow): Known {
  return {
    profileId: row.profile_id,
    handle: row.handle,
    name: row.name,
    watchedSince: row.created_at,
    rule: {
      threshold: row.threshold_s * 1_000,
      grace: row.grace_s * 1_000,
      freshness: row.freshness_s * 1_000,
      weight: row.weight,
    },
    accountState: row.account_state,
    stateSince: row.state_since,
    checkedAt: row.checked_at,
    lastActivityAt: row.last_activity_at,
    lastPostId: row.last_post_id,
    suspectedAt: row.suspected_at,
    postCount: row.post_count,
    likeCount: row.like_count,
    followingCount: row.following_count,
    profileHash: row.profile_hash === null ? null : String(row.profile_hash),
    postsPerDay: row.posts_per_day,
    failures: row.failures,
    unresolvedAlerts: row.unresolved ?? [],
  };
}
