import { setTimeout as sleep } from 'node:timers/promises';
import { type Batch, batchesOf, type CheckWork } from './check-work.ts';

/** Checks that go on and on: one claims, some write. */
export interface CheckLoop {
  /** Since the start: rows claimed, the time that the claims took, and results written. */
  readonly claimed: number;
  readonly claimMs: number;
  readonly written: number;
  /** Until it is stopped, or something goes wrong. */
  readonly running: boolean;
  /** Ends after what is in hand; throws what went wrong. */
  stop(): Promise<void>;
}

const claimRows = 1_000;
const writers = 3;
/** Batches that wait for a writer, at most: two claims, as in a queue that holds little. */
const mostWaiting = 2 * (claimRows / 100);
const restMs = 5;

/** As fast as it goes, or `perSecond` profiles a second. */
export function startCheckLoop(work: CheckWork, perSecond = Number.POSITIVE_INFINITY): CheckLoop {
  const began = performance.now();
  const waiting: Batch[] = [];
  const counts = { claimed: 0, claimMs: 0, written: 0 };
  let stopping = false;
  const isAhead = () =>
    waiting.length >= mostWaiting || counts.claimed > ((performance.now() - began) / 1_000) * perSecond;
  const produce = async () => {
    while (!stopping) {
      if (isAhead()) await sleep(restMs);
      else await claimOnce(work, counts, waiting);
    }
  };
  const consume = async () => {
    while (!stopping || waiting.length > 0) {
      const batch = waiting.shift();
      if (batch === undefined) await sleep(restMs);
      else {
        const written = await work.record(batch, await work.judge(batch));
        counts.written += written;
      }
    }
  };
  const all = Promise.all([produce(), ...Array.from({ length: writers }, consume)]);
  all.catch(() => {
    stopping = true;
  });
  return {
    get claimed() {
      return counts.claimed;
    },
    get claimMs() {
      return counts.claimMs;
    },
    get written() {
      return counts.written;
    },
    get running() {
      return !stopping;
    },
    async stop() {
      stopping = true;
      await all;
    },
  };
}

async function claimOnce(
  work: CheckWork,
  counts: { claimed: number; claimMs: number },
  waiting: Batch[],
): Promise<void> {
  const began = performance.now();
  const claim = await work.claim('checks.fresh', claimRows);
  counts.claimMs += performance.now() - began;
  counts.claimed += claim.claimed.length;
  waiting.push(...batchesOf(claim));
  if (claim.claimed.length === 0) await sleep(restMs);
}
