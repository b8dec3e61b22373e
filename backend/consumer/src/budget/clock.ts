/** The database's clock as seen from here: told by our monotonic one, so that setting this machine's time changes nothing. */
export interface DatabaseClock {
  /** The database said that it was `databaseNow`; this has just arrived. */
  told(databaseNow: number): void;
  /** Milliseconds since 1970; `null` until it was told once. Never ahead of the database by more than drift. */
  now(): number | null;
}

/** Quartz drifts by some 50 millionths: 3 ms in a minute. */
const keptMs = 60_000;
/** A database whose clock was set, or one that another has replaced. No answer takes this long and is still used. */
const stepMs = 5_000;

export function createDatabaseClock(monotonic: () => number = () => performance.now()): DatabaseClock {
  let samples: { readonly offset: number; readonly at: number }[] = [];
  return {
    told(databaseNow) {
      const at = monotonic();
      const offset = at - databaseNow;
      const near = samples.filter(
        sample => at - sample.at < keptMs && Math.abs(sample.offset - offset) < stepMs,
      );
      samples = [...near.slice(-31), { offset, at }];
    },
    now() {
      if (samples.length === 0) return null;
      // Every sample is late by its way here, so the least offset is the nearest to the truth, and never too early.
      return monotonic() - Math.min(...samples.map(sample => sample.offset));
    },
  };
}
