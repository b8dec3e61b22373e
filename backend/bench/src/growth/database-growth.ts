import { type Batch, batchesOf, type CheckWork, isFull } from './check-work.ts';
import { type Latency, timeEach } from './latency.ts';

/** Enough for a 99th percentile that is not the slowest of all. */
const series = { samples: 200, warmUp: 20 } as const;
const claimRows = 1_000;
/** Of 16 partitions, so that each has a few batches of 100. */
const rowsForBatches = 5_000;
/** Writers at a time of what is written beside. */
const writers = 3;

/** A claim of 1,000 rows. What was claimed is checked before the next, as in life: it leaves the index where it was due. */
export function timeClaims(work: CheckWork, signal: AbortSignal): Promise<Latency> {
  let claim: Awaited<ReturnType<CheckWork['claim']>>;
  return timeEach({
    ...series,
    signal,
    prepare: async () => null,
    act: async () => {
      claim = await work.claim('checks.fresh', claimRows);
      if (claim.claimed.length < claimRows) throw new Error(`only ${claim.claimed.length} profiles were due`);
    },
    restore: () => writeAll(work, batchesOf(claim)),
  });
}

/** Writing what 100 looks found. The claim, and the load of what is known, come before and are not timed. */
export async function timeWrites(work: CheckWork, signal: AbortSignal): Promise<Latency> {
  const full: Batch[] = [];
  const next = async (): Promise<Batch> => {
    for (let batch = full.pop(); ; batch = full.pop()) {
      if (batch) return batch;
      const batches = batchesOf(await work.claim('checks.fresh', rowsForBatches));
      if (batches.length === 0) throw new Error('no profile was due');
      full.push(...batches.filter(isFull));
      await writeAll(
        work,
        batches.filter(one => !isFull(one)),
      );
    }
  };
  const latency = await timeEach({
    ...series,
    signal,
    prepare: async () => {
      const batch = await next();
      return { batch, judged: await work.judge(batch) };
    },
    act: async ({ batch, judged }) => {
      const written = await work.record(batch, judged);
      if (written < batch.claimed.length) throw new Error(`only ${written} of 100 results were written`);
    },
  });
  await writeAll(work, full);
  return latency;
}

async function writeAll(work: CheckWork, batches: readonly Batch[]): Promise<void> {
  const left = [...batches];
  const write = async () => {
    for (let batch = left.pop(); batch; batch = left.pop()) await work.record(batch, await work.judge(batch));
  };
  await Promise.all(Array.from({ length: writers }, write));
}
