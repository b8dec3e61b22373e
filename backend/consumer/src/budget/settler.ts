import type { Headroom, Spent } from '@app/database/spend';

type Settle = (calls: readonly Spent[], headroom: Headroom | null) => Promise<void>;

interface Pending {
  readonly spent: Spent;
  readonly headroom: Headroom | null;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Settles calls one statement after the other, each for all that have gathered meanwhile: one row is written, and consumers that
 * wait for it in a queue gain nothing.
 */
export function createSettler(settle: Settle): (spent: Spent, headroom: Headroom | null) => Promise<void> {
  let pending: Pending[] = [];
  let running = false;
  const run = async () => {
    running = true;
    for (let batch = pending; batch.length > 0; batch = pending) {
      pending = [];
      await settleAll(settle, batch);
    }
    running = false;
  };
  return (spent, headroom) => {
    const done = Promise.withResolvers<void>();
    pending.push({ spent, headroom, done });
    if (!running) void run();
    return done.promise;
  };
}

async function settleAll(settle: Settle, batch: readonly Pending[]): Promise<void> {
  try {
    await settle(
      batch.map(one => one.spent),
      tightest(batch),
    );
    for (const { done } of batch) done.resolve();
  } catch (error) {
    for (const { done } of batch) done.reject(error);
  }
}

/** Of several answers, the one that leaves the least room. */
function tightest(batch: readonly Pending[]): Headroom | null {
  const told = batch.flatMap(({ headroom }) => (headroom ? [headroom] : []));
  const room = (one: Headroom) => one.remaining / one.resetInMs;
  return told.reduce<Headroom | null>(
    (least, one) => (least && room(least) <= room(one) ? least : one),
    null,
  );
}
