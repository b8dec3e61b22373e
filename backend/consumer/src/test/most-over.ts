/** By how many calls the fullest window exceeds `rate`, whatever its length: 1 is a single call, 2 is one call of burst. */
export function mostOver(times: readonly number[], rate: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  let most = 0;
  // With g(i) = i - rate * t(i), a window from call i to call j holds j - i + 1 calls in t(j) - t(i): over by g(j) - g(i) + 1.
  let least = Number.POSITIVE_INFINITY;
  sorted.forEach((time, i) => {
    const over = i - (rate * time) / 1_000;
    least = Math.min(least, over);
    most = Math.max(most, over - least + 1);
  });
  return most;
}
