import type { Pool } from '@app/database/pool';
import { promoteStarved } from '@app/database/starved';

/** Deadlines come all the time, so the walk is at its end most of the time and reads what came in a second. */
const everyMs = 1_000;
/** It goes back so far, because a row may have been in hand when the walk went by, … */
const backMs = 30_000;
/** … and to the very beginning so often, because a lease may hold for longer. */
const anewMs = 60_000;

/**
 * While freshness finds no room, its looks are shed for as long as it takes. Those whose deadline comes meanwhile must not be:
 * they are moved to the deadlines. Says how many were.
 */
export function createStarvation(pool: Pool, leadMs: number, now: () => number = () => performance.now()) {
  let from = Number.NEGATIVE_INFINITY;
  let nextAt = Number.NEGATIVE_INFINITY;
  let anewAt = now() + anewMs;
  return async (): Promise<number> => {
    if (now() < nextAt) return 0;
    nextAt = now() + everyMs;
    const { promoted, ended, reached } = await promoteStarved(pool, { from, leadMs });
    from = ended ? reached - backMs : Math.max(reached, from + 1);
    if (ended && now() >= anewAt) {
      from = Number.NEGATIVE_INFINITY;
      anewAt = now() + anewMs;
    }
    return promoted;
  };
}
