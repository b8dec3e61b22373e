import { batchSize, type Check, type CheckMessage } from '@app/contract/message';
import type { Claim, Claimed } from '@app/database/claim';

export interface Batch {
  readonly message: CheckMessage;
  readonly claimed: readonly Claimed[];
}

/**
 * Cuts a claim into messages that share one call to X each: X is asked by ids or by handles, never by both, 100 at most. Full
 * hundreds of one partition go together, because they are cheaper to write; what is left over of all partitions shares the rest,
 * because a call costs money.
 */
export function batchesOf({ claimed, ...claim }: Claim): Batch[] {
  const byHandle = claimed.filter(row => row.handle !== null);
  const byId = claimed.filter(row => row.handle === null);
  const groups = [...Map.groupBy(byId, row => row.leaf)];
  const full = groups.flatMap(([leaf, rows]) => chunks(rows.slice(0, whole(rows.length)), leaf));
  const rest = groups.flatMap(([, rows]) => rows.slice(whole(rows.length)));
  return [...full, ...chunks(rest, null), ...chunks(byHandle, null)].map(([leaf, rows]) => ({
    claimed: rows,
    message: {
      kind: 'profiles.check',
      lease_until: new Date(claim.leaseUntil).toISOString(),
      claimed_at: new Date(claim.claimedAt).toISOString(),
      due_at: new Date(claim.firstDue ?? claim.claimedAt).toISOString(),
      checks: rows.map(toCheck),
      ...(leaf === null ? {} : { leaf }),
    },
  }));
}

/** So many of them fill whole batches. */
function whole(rows: number): number {
  return rows - (rows % batchSize);
}

type Chunk = readonly [leaf: number | null, rows: Claimed[]];

function chunks(rows: readonly Claimed[], leaf: number | null): Chunk[] {
  const count = Math.ceil(rows.length / batchSize);
  return Array.from({ length: count }, (_, i) => [leaf, rows.slice(i * batchSize, (i + 1) * batchSize)]);
}

function toCheck({ profileId, claimVersion, handle }: Claimed): Check {
  const check = { profile_id: profileId, claim_version: claimVersion };
  return handle === null ? check : { ...check, handle };
}
