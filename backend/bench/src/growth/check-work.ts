import { type Claim, type Claimed, claimDue, type Lane, releaseClaims } from '@app/database/claim';
import { loadKnown } from '@app/database/known';
import type { Leaf } from '@app/database/leaves';
import { createLowWater } from '@app/database/low-water';
import { createPool, type Pool } from '@app/database/pool';
import { recordJudgments } from '@app/database/record';
import type { Judged } from '@app/database/record-columns';
import { judge } from '@app/policy/judge';
import type { Pace } from '@app/policy/next-check';
import { rhythmSource } from '@app/simulator/rhythms';
import { observe } from '@app/standalone/seed/observe';
import { simulatorSpeed } from '../stage/simulator-process.ts';

/** A hundred claimed rows of one partition, as most messages hold them. */
export interface Batch {
  readonly claimed: readonly Claimed[];
  readonly leaf: Leaf;
}

/** The database's part in a check, by the very functions of producer and consumer; X's part is reckoned in this process. */
export interface CheckWork {
  claim(lane: Lane, rows: number): Promise<Claim>;
  release(claim: Claim): Promise<unknown>;
  /** Loads what is known of a batch, and judges what the simulated X shows of it now. */
  judge(batch: Batch): Promise<readonly Judged[]>;
  record(batch: Batch, judged: readonly Judged[]): Promise<number>;
  close(): Promise<void>;
}

/** As the producer's default. */
const leaseMs = 120_000;
const batchRows = 100;
/** Whoever was looked at is worth another look soon: there is always something due. */
const pace: Pace = {
  confirmDelay: 60_000,
  freshnessK: 1_000,
  freshnessFloor: 1,
  retryBase: 5_000,
  retryCap: 900_000,
};

export function openCheckWork(databaseUrl: string, connections = 4): CheckWork {
  const pool = createPool({
    url: databaseUrl,
    name: 'bench checks',
    connections,
    plansOnce: true,
    onError: () => undefined,
  });
  const source = rhythmSource({ seed: 1, speed: simulatorSpeed });
  const marks = new Map<Lane, ReturnType<typeof createLowWater>>();
  const markOf = (lane: Lane) => {
    const mark = marks.get(lane) ?? createLowWater(leaseMs);
    marks.set(lane, mark);
    return mark;
  };
  return {
    async claim(lane, rows) {
      const claim = await claimDue(pool, lane, rows, leaseMs, markOf(lane).floor());
      markOf(lane).claimed(claim);
      return claim;
    },
    release: claim => releaseClaims(pool, claim.claimed),
    judge: batch => judged(pool, batch, id => observe(source.account(id, Date.now()))),
    record: async ({ leaf }, looked) => (await recordJudgments(pool, looked, leaf)).written.length,
    close: () => pool.end(),
  };
}

async function judged(
  pool: Pool,
  { claimed, leaf }: Batch,
  see: (id: string) => ReturnType<typeof observe>,
): Promise<Judged[]> {
  const { known, now } = await loadKnown(pool, claimed, leaf);
  return known.map(one => {
    const look = { observedAt: now, pace, random: Math.random() };
    return { ...one, judgment: judge(one.known, see(one.known.profileId), look) };
  });
}

/** Cuts a claim into batches of one partition each; the last of a partition holds fewer. */
export function batchesOf({ claimed }: Claim): Batch[] {
  return [...Map.groupBy(claimed, row => row.leaf)].flatMap(([leaf, rows]) =>
    Array.from({ length: Math.ceil(rows.length / batchRows) }, (_, i) => ({
      leaf,
      claimed: rows.slice(i * batchRows, (i + 1) * batchRows),
    })),
  );
}

export function isFull(batch: Batch): boolean {
  return batch.claimed.length === batchRows;
}
