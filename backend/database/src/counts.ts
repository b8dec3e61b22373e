import { statuses as allStatuses, type Status } from '@app/policy/status';
import { byIndexes } from './by-indexes.ts';
import { type Census, readCensus, readCensusCounts } from './census.ts';
import { countAllLive, countStatusesLive, exactUpTo } from './live-counts.ts';
import type { Pool, Queryable } from './pool.ts';
import { allGroups } from './profile-sizes.ts';
import { countOf, type Tally } from './tally.ts';

/** How many. An estimate is what the last census counted; null before the first one, which is a minute after the start. */
export interface Counted {
  readonly profiles: number | null;
  readonly estimated: boolean;
}

export interface Counts {
  readonly asOf: number;
  readonly total: Counted;
  readonly statuses: Readonly<Record<Status, Counted>>;
  /** What was counted at once, when all profiles were few. */
  readonly live: Tally | null;
  readonly census: Census | null;
}

/** How many profiles there are, and with which status. */
export async function readCounts(pool: Pool): Promise<Counts> {
  const census = await readCensus(pool);
  const live = census !== null && census.profiles > exactUpTo ? null : await countAllLive(pool);
  if (live) return exactCounts(live, await clock(pool));
  return byIndexes(pool, db => estimatedCounts(db, census));
}

function exactCounts(live: Tally, asOf: number): Counts {
  const total = { profiles: live.profiles, estimated: false };
  return { asOf, total, statuses: ofEach(status => exactly(countOf(live, status))), live, census: null };
}

/** Of each status the census has counted; few are counted at once all the same. */
async function estimatedCounts(db: Queryable, census: Census | null): Promise<Counts> {
  const estimates = (await readCensusCounts(db, [allGroups])).get(allGroups);
  const estimateOf = (status: Status) => census && (estimates?.get(status) ?? 0);
  const few = allStatuses.filter(
    status =>
      (estimateOf(status) ?? 0) <= exactUpTo && !(dependOnNoStrays.includes(status) && census?.strays !== 0),
  );
  const exact = await countStatusesLive(db, few);
  return {
    asOf: census?.takenAt ?? (await clock(db)),
    total: { profiles: census?.profiles ?? null, estimated: true },
    statuses: ofEach(status => {
      const [count, estimate] = [exact[status], estimateOf(status)];
      if (count !== undefined && count <= exactUpTo) return exactly(count);
      // More than the census knows of: an import came since.
      return { profiles: count === undefined ? estimate : Math.max(count, estimate ?? 0), estimated: true };
    }),
    live: null,
    census,
  };
}

/** No index leads to strays: what they are, and what they are not, cannot be counted by one. */
const dependOnNoStrays: readonly Status[] = ['active', 'late', 'unknown', 'inactive'];

export function exactly(profiles: number): Counted {
  return { profiles, estimated: false };
}

export function ofEach(count: (status: Status) => Counted): Record<Status, Counted> {
  return Object.fromEntries(allStatuses.map(status => [status, count(status)])) as Record<Status, Counted>;
}

async function clock(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ now: number }>('SELECT now()');
  return rows[0]?.now ?? 0;
}
