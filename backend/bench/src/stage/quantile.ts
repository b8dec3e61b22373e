/** Observations up to and including each bound (seconds), as Prometheus counts them. */
export type Buckets = ReadonlyMap<number, number>;

/**
 * A quantile, in milliseconds, of what was observed between two readings of a histogram; within a bucket spread evenly, as
 * Prometheus' `histogram_quantile` does. NaN when nothing was.
 */
export function quantile(before: Buckets, after: Buckets, part: number): number {
  const bounds = [...after.keys()].sort((a, b) => a - b);
  const counts = bounds.map(bound => (after.get(bound) ?? 0) - (before.get(bound) ?? 0));
  const wanted = (counts.at(-1) ?? 0) * part;
  if (wanted <= 0) return Number.NaN;
  const i = counts.findIndex(count => count >= wanted);
  const [low, high] = [bounds[i - 1] ?? 0, bounds[i] ?? 0];
  const [below, upTo] = [counts[i - 1] ?? 0, counts[i] ?? 0];
  if (!Number.isFinite(high)) return Math.round(low * 1_000);
  return Math.round((low + ((high - low) * (wanted - below)) / (upTo - below)) * 1_000);
}
