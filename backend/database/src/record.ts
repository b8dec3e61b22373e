import type { Leaf } from './leaves.ts';
import type { Pool } from './pool.ts';
import {
  activityColumns,
  identityColumns,
  type Judged,
  openedColumns,
  resolvedColumns,
  stateColumns,
} from './record-columns.ts';
import { recordAll, recordLooks } from './record-statement.ts';
import { withRetry } from './retry.ts';

export interface Recorded {
  /** The profiles whose result was written: those whose claim still held. */
  readonly written: readonly string[];
  /** Of these: whose alerts were not opened, because the source lost its trust since they were loaded. */
  readonly withheld: readonly string[];
  readonly activities: number;
  readonly opened: number;
  readonly resolved: number;
}

/**
 * Writes what a batch of looks decided: state, next check, activities and alerts, in one statement, so that all of it
 * is kept or none. Fenced by the claim version: a result that comes after its lease was claimed anew changes nothing.
 * Repeating it is harmless. `leaf`: the partition of the schedule that all of them are in.
 */
export async function recordJudgments(
  pool: Pool,
  judged: readonly Judged[],
  leaf: Leaf = null,
): Promise<Recorded> {
  const sorted = judged.toSorted(byKey);
  const query = sorted.every(isPlain) ? plain(sorted, leaf) : full(sorted, leaf);
  const { rows } = await withRetry(() => pool.query<Recorded>(query));
  return rows[0] as Recorded;
}

/** Nothing but state and activities. */
function isPlain({ judgment: { opened, resolved, identity } }: Judged): boolean {
  return opened.length === 0 && resolved.length === 0 && identity === null;
}

function plain(judged: readonly Judged[], leaf: Leaf) {
  return { ...recordLooks(leaf), values: [...stateColumns(judged), ...activityColumns(judged)] };
}

function full(judged: readonly Judged[], leaf: Leaf) {
  const { values, ...looks } = plain(judged, leaf);
  const more = [openedColumns(judged), resolvedColumns(judged), identityColumns(judged)].flat();
  return { ...looks, ...recordAll(leaf), values: [...values, ...more] };
}

function byKey(one: Judged, other: Judged): number {
  const [a, b] = [BigInt(one.known.profileId), BigInt(other.known.profileId)];
  return a < b ? -1 : a > b ? 1 : 0;
}
