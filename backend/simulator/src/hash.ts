const RANGE = 2 ** 32;

/** One round of murmur3's finalizer: every bit of the input reaches every bit of the result. */
const mix = (value: number): number => {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
};

/** Both halves of a number beyond 32 bits. */
const fold = (seed: number, value: number): number =>
  mix(mix(seed ^ ((value % RANGE) | 0)) ^ Math.floor(value / RANGE));

/** A number from 0 to 1 (without 1) that depends on nothing but its arguments. */
export const share = (seed: number, ...values: readonly number[]): number =>
  values.reduce(fold, mix(seed)) / RANGE;

/** A whole number from `min` to `max`, both included. */
export const between = (min: number, max: number, at: number): number =>
  min + Math.floor(at * (max - min + 1));

/** A stream of such numbers, for choices by turn instead of by name (mulberry32). */
export const dice = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    return mix(state) / RANGE;
  };
};
