import { takeCensus } from '@app/database/census';
import { sortInNewHandles } from '@app/database/inside-handles';
import type { Pool } from '@app/database/pool';
import type { Log } from '@app/runtime/log';

/**
 * Keeps lists and searches quick: sorts in new handles, and counts all profiles, if no other producer does and the last time
 * is long enough ago beside what it cost.
 */
export async function census(
  { pool, log }: { readonly pool: Pool; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  try {
    await sortInNewHandles(pool);
    const taken = await takeCensus(pool, signal);
    if (taken) log.debug({ profiles: taken.profiles, ms: taken.durationMs }, 'profiles counted');
  } catch (error) {
    log.error({ err: error }, 'could not count the profiles; lists and counts go on with the last census');
  }
}
