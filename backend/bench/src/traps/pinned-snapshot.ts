import { setTimeout as sleep } from 'node:timers/promises';
import { type CheckLoop, startCheckLoop } from '../growth/check-loop.ts';
import { openCheckWork } from '../growth/check-work.ts';
import type { GrowthContext } from '../growth/measure-growth.ts';

export interface ClaimRate {
  /** Profiles claimed per second while they are written, too. */
  readonly claimed_per_s: number;
  /** Profiles claimed per second of claiming: what one producer could claim at most. */
  readonly per_s_of_claiming: number;
}

export interface PinnedSnapshot {
  readonly normal: ClaimRate;
  /** In the last seconds of the minute in which a transaction was open. */
  readonly pinned: ClaimRate;
  /** The smaller of both ratios. */
  readonly ratio: number;
  readonly limit: number;
  readonly holds: boolean;
}

const limit = 0.25;
const lastSeconds = 10;
const warmUpSeconds = 5;

/**
 * The claim rate while an idle transaction holds a snapshot, which keeps every place that claims leave behind in the index of due
 * times, against the rate without.
 */
export async function measurePinnedSnapshot(context: GrowthContext, seconds = 60): Promise<PinnedSnapshot> {
  const work = openCheckWork(context.databaseUrl);
  try {
    const loop = startCheckLoop(work);
    const normal = await rateAfter(loop, warmUpSeconds, context.signal);
    const release = await pinSnapshot(context);
    const pinned = await rateAfter(loop, seconds - lastSeconds, context.signal).finally(release);
    await loop.stop();
    const ratio = Math.min(
      pinned.claimed_per_s / normal.claimed_per_s,
      pinned.per_s_of_claiming / normal.per_s_of_claiming,
    );
    return { normal, pinned, ratio: Number(ratio.toFixed(2)), limit, holds: ratio >= limit };
  } finally {
    await work.close();
  }
}

async function rateAfter(loop: CheckLoop, seconds: number, signal: AbortSignal): Promise<ClaimRate> {
  await sleep(seconds * 1_000, undefined, { signal });
  const before = { claimed: loop.claimed, claimMs: loop.claimMs, at: performance.now() };
  await sleep(lastSeconds * 1_000, undefined, { signal });
  const claimed = loop.claimed - before.claimed;
  const perSecond = (ms: number) => Math.round((claimed / ms) * 1_000);
  return {
    claimed_per_s: perSecond(performance.now() - before.at),
    per_s_of_claiming: perSecond(loop.claimMs - before.claimMs),
  };
}

/** Opens the transaction; the answer ends it, and throws when it did not last. */
async function pinSnapshot({ pool }: GrowthContext): Promise<() => Promise<void>> {
  const client = await pool.connect();
  await client.query('SET idle_in_transaction_session_timeout = 0');
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await client.query('SELECT FROM schedule LIMIT 1');
  return async () => {
    await client.query('COMMIT');
    client.release(true);
  };
}
