export interface Keeping<T> {
  /** What is as young is given as it is. */
  readonly freshMs: number;
  /** What is as young is given once more while it is read anew. */
  readonly staleMs: number;
  readonly isWorthIt: (value: T) => boolean;
  readonly now?: () => number;
}

/**
 * Answers what was read a moment ago instead of reading it again, and reads once for all who ask meanwhile. A read that fails is told to
 * those who wait for it, and is not kept.
 */
export function kept<T>(
  read: () => Promise<T>,
  { freshMs, staleMs, isWorthIt, now = () => performance.now() }: Keeping<T>,
): () => Promise<T> {
  let last: { readonly value: T; readonly at: number } | null = null;
  let reading: Promise<T> | null = null;
  const readOnce = () => {
    reading ??= readAndKeep().finally(() => {
      reading = null;
    });
    return reading;
  };
  const readAndKeep = async () => {
    const at = now();
    const value = await read();
    last = isWorthIt(value) ? { value, at } : null;
    return value;
  };
  return async () => {
    const age = last === null ? Number.POSITIVE_INFINITY : now() - last.at;
    if (last === null || age > staleMs) return readOnce();
    // Whoever asks next waits for it, or is told why it fails.
    if (age > freshMs) readOnce().catch(() => undefined);
    return last.value;
  };
}
