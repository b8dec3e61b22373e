import type { Trace } from '@app/simulator/trace';

/** An account of the trace: the times of its activities in milliseconds, sorted. */
export interface Subject {
  readonly index: number;
  readonly times: Float64Array;
}

/** What every policy is asked to watch, and when. `span`: after so much silence an alert is due. */
export interface World {
  readonly subjects: readonly Subject[];
  readonly from: number;
  readonly until: number;
  readonly span: number;
}

/** The accounts that are known at `from`: those whose first activity lies before. */
export function subjectsAt(trace: Trace, from: number): Subject[] {
  return [...trace.accounts.values()]
    .map(seconds => seconds.map(second => second * 1_000))
    .filter(times => (times[0] ?? Number.POSITIVE_INFINITY) <= from)
    .map((times, index) => ({ index, times }));
}

/** How many activities happened until `at` (included): the place of the next. `low`: at least so many did. */
export function countUntil({ times }: Subject, at: number, low = 0): number {
  let first = low;
  let last = times.length;
  while (first < last) {
    const middle = (first + last) >>> 1;
    if ((times[middle] ?? 0) <= at) first = middle + 1;
    else last = middle;
  }
  return first;
}

/** The last activity of the first `count`. A subject has at least one before anybody looks. */
export function lastOf({ times }: Subject, count: number): number {
  return times[count - 1] ?? Number.NEGATIVE_INFINITY;
}
