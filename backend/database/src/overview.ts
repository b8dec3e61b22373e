import { byIndexes } from './by-indexes.ts';
import { type Counted, type Counts, readCounts } from './counts.ts';
import { countDeadlinesLive, exactUpTo } from './live-counts.ts';
import type { Pool } from './pool.ts';
import { deadlineHorizons, silenceBounds } from './tally.ts';

export interface Overview {
  readonly counts: Counts;
  /** How many are silent for so many seconds; empty before the first census. */
  readonly silence: readonly {
    readonly from: number;
    readonly to: number | null;
    readonly profiles: number;
  }[];
  /** How many deadlines fall within so many seconds from now. */
  readonly deadlines: readonly (Counted & { readonly within: number })[];
}

/** All that is shown of all profiles at once. */
export async function readOverview(pool: Pool): Promise<Overview> {
  const counts = await readCounts(pool);
  const silence = (counts.live ?? counts.census)?.silence ?? [];
  const from = [0, ...silenceBounds];
  return {
    counts,
    silence: silence.map((profiles, i) => ({ from: from[i] ?? 0, to: silenceBounds[i] ?? null, profiles })),
    deadlines: await readDeadlines(pool, counts),
  };
}

async function readDeadlines(pool: Pool, { live, census }: Counts): Promise<Overview['deadlines']> {
  if (live) {
    return deadlineHorizons.map((within, i) => ({
      within,
      profiles: live.deadlines[i] ?? 0,
      estimated: false,
    }));
  }
  const many = census?.deadlines.findIndex(profiles => profiles > exactUpTo) ?? -1;
  const few = many < 0 ? deadlineHorizons.length : many;
  const counted = few > 0 ? await byIndexes(pool, db => countDeadlinesLive(db, few)) : null;
  return deadlineHorizons.map((within, i) => {
    const exact = counted?.[i];
    if (exact !== undefined) return { within, profiles: exact, estimated: false };
    return { within, profiles: census?.deadlines[i] ?? null, estimated: true };
  });
}
