import type { Source } from '@app/policy/guard-hold';
import type { AlertKind, Known } from '@app/policy/judgment';
import type { AccountState } from '@app/policy/status';
import type { Claimed } from './claim.ts';
import type { Queryable } from './pool.ts';
import { type SourceColumns, sourceColumns, toSource } from './source.ts';

export interface Loaded {
  /** By the database's clock: X is asked after it, so what it shows is at least this recent. */
  readonly now: number;
  /** How far X is trusted now; `null` when nothing was loaded. */
  readonly source: Source | null;
  /** In no particular order. A profile that was deleted, or claimed anew, is not among them. */
  readonly known: readonly { readonly known: Known; readonly claimVersion: number }[];
}

/** What is known of the profiles whose claims still hold, with the policy that applies to each. */
export async function loadKnown(db: Queryable, claimed: readonly Claimed[]): Promise<Loaded> {
  const { rows } = await db.query<KnownRow>({
    name: 'load-known',
    text: `
      SELECT s.*, p.handle, p.name, p.created_at, clock_timestamp() AS now, ${sourceColumns},
        coalesce(p.threshold_s, g.threshold_s) AS threshold_s, coalesce(p.grace_s, g.grace_s) AS grace_s, g.freshness_s, g.weight,
        ARRAY(SELECT a.kind::text FROM alerts a WHERE a.profile_id = s.profile_id AND a.status <> 'resolved') AS unresolved
      FROM unnest($1::bigint[], $2::integer[]) AS c (profile_id, claim_version)
      JOIN schedule s USING (profile_id, claim_version)
      JOIN profiles p USING (profile_id)
      JOIN groups g USING (group_id)
      CROSS JOIN source_state x`,
    values: [claimed.map(row => row.profileId), claimed.map(row => row.claimVersion)],
  });
  const known = rows.map(row => ({ known: toKnown(row), claimVersion: row.claim_version }));
  return { now: rows[0]?.now ?? 0, source: rows[0] ? toSource(rows[0]) : null, known };
}

interface KnownRow extends SourceColumns {
  now: number;
  profile_id: string;
  claim_version: number;
  handle: string | null;
  name: string | null;
  created_at: number;
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
  profile_hash: string | null;
  posts_per_day: number | null;
  failures: number;
  unresolved: AlertKind[];
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
    profileHash: row.profile_hash,
    postsPerDay: row.posts_per_day,
    failures: row.failures,
    unresolvedAlerts: row.unresolved,
  };
}
