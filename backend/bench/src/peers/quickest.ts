/** Of several, the one that scores most. A single one is not tried. */
export async function quickest<T extends object>(
  all: readonly T[],
  score: (one: T) => Promise<number>,
): Promise<T> {
  const [first, ...others] = all;
  if (first === undefined) throw new Error('nothing to choose from');
  if (others.length === 0) return first;
  let best = { one: first, score: await score(first) };
  for (const one of others) {
    const scored = await score(one);
    if (scored > best.score) best = { one, score: scored };
  }
  return best.one;
}
