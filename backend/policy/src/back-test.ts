import type { Milliseconds } from './observation.ts';
import type { Rule } from './status.ts';

/** A silence that would have raised an alert. */
export interface Episode {
  /** The last activity before it. */
  readonly since: Milliseconds;
  /** When the alert would have come. */
  readonly due: Milliseconds;
  /** The activity that ended it; `null` when none was seen yet. */
  readonly end: Milliseconds | null;
}

/**
 * The alerts that a rule would have raised from `from` (included) until `until` (not included), oldest first: one for
 * each silence between two activities that lasted threshold + grace. Nothing is claimed about the time before the first
 * activity. Times in any order; repeated ones count once.
 */
export function backTest(
  activities: readonly Milliseconds[],
  rule: Rule,
  window: { readonly from: Milliseconds; readonly until: Milliseconds },
): Episode[] {
  const times = [...new Set(activities)].sort((one, other) => one - other);
  return times
    .map((since, i) => ({ since, due: since + rule.threshold + rule.grace, end: times[i + 1] ?? null }))
    .filter(({ due, end }) => due >= window.from && due < window.until && (end === null || end > due));
}
