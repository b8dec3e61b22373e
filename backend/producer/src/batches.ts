import { batchSize, type Check, type CheckMessage } from '@app/contract/message';
import type { Claim, Claimed } from '@app/database/claim';

export interface Batch {
  readonly message: CheckMessage;
  readonly claimed: readonly Claimed[];
}

/** Cuts a claim into messages that share one call to X each: X is asked by ids or by handles, never by both, 100 at most. */
export function batchesOf({ claimed, leaseUntil }: Claim): Batch[] {
  const byId = claimed.filter(row => row.handle === null);
  const byHandle = claimed.filter(row => row.handle !== null);
  return [...chunks(byId), ...chunks(byHandle)].map(rows => ({
    claimed: rows,
    message: {
      kind: 'profiles.check',
      lease_until: new Date(leaseUntil).toISOString(),
      checks: rows.map(toCheck),
    },
  }));
}

function chunks(rows: readonly Claimed[]): Claimed[][] {
  const count = Math.ceil(rows.length / batchSize);
  return Array.from({ length: count }, (_, i) => rows.slice(i * batchSize, (i + 1) * batchSize));
}

function toCheck({ profileId, claimVersion, handle }: Claimed): Check {
  const check = { profile_id: profileId, claim_version: claimVersion };
  return handle === null ? check : { ...check, handle };
}
