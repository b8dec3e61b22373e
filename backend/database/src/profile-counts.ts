import { statuses as allStatuses, type Status } from '@app/policy/status';
import { byIndexes } from './by-indexes.ts';
import { readCensusCounts } from './census.ts';
import { type Counted, type Counts, exactly, ofEach, readCounts } from './counts.ts';
import { readGroupNames, readGroups } from './groups.ts';
import { countByGroupLive, countSource, exactUpTo } from './live-counts.ts';
import type { Pool } from './pool.ts';
import { allGroups } from './profile-sizes.ts';

export interface GroupCount extends Counted {
  readonly groupId: number;
  readonly name: string;
}

export interface ProfileCounts {
  readonly asOf: number;
  /** All that the filter lets through. */
  readonly total: Counted;
  /** By status: of the filter's group, or of all. */
  readonly statuses: Readonly<Record<Status, Counted>>;
  /** By group, with the filter's statuses, or any: the largest first. */
  readonly groups: readonly GroupCount[];
}

export interface CountFilter {
  readonly statuses?: readonly Status[] | undefined;
  readonly groupId?: number | undefined;
}

/** Groups are counted for a list to choose from; the smaller ones stand in the list of groups. */
const mostGroups = 100;

/** How many profiles there are by status and by group, each with the other's filter. */
export async function countProfiles(pool: Pool, { statuses, groupId }: CountFilter): Promise<ProfileCounts> {
  const counts = await readCounts(pool);
  const census = counts.live?.groups ?? (await readCensusCounts(pool, null));
  const byStatus = groupId === undefined ? counts.statuses : await countGroup(pool, counts, census, groupId);
  const asked = statuses ?? allStatuses;
  return {
    asOf: counts.asOf,
    total: groupId === undefined && !statuses ? counts.total : sum(asked.map(status => byStatus[status])),
    statuses: byStatus,
    groups: statuses
      ? await countStatusesByGroup(pool, counts, census, [...new Set(statuses)])
      : await countGroups(pool, census),
  };
}

type ByGroup = ReadonlyMap<number, ReadonlyMap<Status, number>>;

/** A small group is counted at once. */
async function countGroup(
  pool: Pool,
  { live, census }: Counts,
  byGroup: ByGroup,
  groupId: number,
): Promise<Record<Status, Counted>> {
  const known = byGroup.get(groupId);
  const isLarge = sumOf(known?.values() ?? []) > exactUpTo;
  const counted =
    live ?? (isLarge ? null : await byIndexes(pool, db => countSource(db, 'group', { groupId })));
  if (counted) return ofEach(status => exactly(counted.groups.get(groupId)?.get(status) ?? 0));
  return ofEach(status => ({ profiles: census && (known?.get(status) ?? 0), estimated: true }));
}

/** The largest groups, each counted at once if it is small. */
async function countGroups(pool: Pool, byGroup: ByGroup): Promise<GroupCount[]> {
  const sizes = new Map([...byGroup].map(([groupId, statuses]) => [groupId, sumOf(statuses.values())]));
  const rows = await readGroups(pool, largest(sizes));
  return rows
    .map(row => ({
      groupId: row.group_id,
      name: row.name,
      profiles: Number(row.profiles),
      estimated: row.profiles_estimated,
    }))
    .filter(({ profiles }) => profiles > 0)
    .sort((a, b) => b.profiles - a.profiles || a.groupId - b.groupId);
}

async function countStatusesByGroup(
  pool: Pool,
  { statuses: totals, live }: Counts,
  byGroup: ByGroup,
  statuses: readonly Status[],
): Promise<GroupCount[]> {
  const total = sum(statuses.map(status => totals[status]));
  const isFew = !live && !total.estimated && (total.profiles ?? 0) <= exactUpTo;
  const counted = isFew ? await byIndexes(pool, db => countByGroupLive(db, statuses)) : null;
  const sizes = counted ?? sizesOf(byGroup, statuses);
  const estimated = live === null && counted === null;
  const groupIds = largest(sizes);
  const names = await readGroupNames(pool, groupIds);
  return groupIds.flatMap(groupId => {
    const name = names.get(groupId);
    // Deleted since it was counted.
    if (name === undefined) return [];
    return [{ groupId, name, profiles: sizes.get(groupId) ?? 0, estimated }];
  });
}

function sizesOf(byGroup: ByGroup, statuses: readonly Status[]): Map<number, number> {
  const sizes = new Map<number, number>();
  for (const [groupId, counts] of byGroup) {
    sizes.set(groupId, sumOf(statuses.map(status => counts.get(status) ?? 0)));
  }
  return sizes;
}

/** The groups with the most profiles. */
function largest(sizes: ReadonlyMap<number, number>): number[] {
  return [...sizes]
    .filter(([groupId, profiles]) => groupId !== allGroups && profiles > 0)
    .sort(([a, inA], [b, inB]) => inB - inA || a - b)
    .slice(0, mostGroups)
    .map(([groupId]) => groupId);
}

function sum(counts: readonly Counted[]): Counted {
  const estimated = counts.some(count => count.estimated);
  if (counts.some(({ profiles }) => profiles === null)) return { profiles: null, estimated };
  return { profiles: sumOf(counts.map(({ profiles }) => profiles ?? 0)), estimated };
}

function sumOf(numbers: Iterable<number>): number {
  let all = 0;
  for (const number of numbers) all += number;
  return all;
}
