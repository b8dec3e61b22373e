import type { Milliseconds } from '@app/policy/observation';

/** 2010-11-04T01:42:54.657Z, the zero of X's 41-bit clock. */
export const SNOWFLAKE_EPOCH: Milliseconds = 1288834974657;

/** How far X's clock may run ahead of ours before a time counts as impossible. */
export const DEFAULT_SKEW: Milliseconds = 5 * 60_000;

/**
 * The id of 2010-11-06T00:00:00Z, the earliest `start_time` that X takes. Ids just above 29700859247 are snowflakes
 * already, but smaller ones are sequential and hold no time; this cut lies safely above the change.
 */
const FIRST_TIMED_ID = 698877342646272n;
const LARGEST_ID = 2n ** 63n - 1n;
const MACHINE_AND_SEQUENCE_BITS = 22n;
const SEQUENCES = 4096;

/** What an id says of its time: exact, "before November 2010", or nothing that can be true. */
export type SnowflakeTime =
  | { readonly kind: 'at'; readonly at: Milliseconds }
  | { readonly kind: 'before_2010' }
  | { readonly kind: 'impossible' };

/** The time inside a post id. Ids in the future (beyond `skew`) or over 63 bits are `impossible`. */
export const snowflakeTime = (
  id: string,
  now: Milliseconds,
  skew: Milliseconds = DEFAULT_SKEW,
): SnowflakeTime => {
  if (!/^[1-9][0-9]{0,18}$/.test(id)) return { kind: 'impossible' };
  const value = BigInt(id);
  if (value > LARGEST_ID) return { kind: 'impossible' };
  if (value < FIRST_TIMED_ID) return { kind: 'before_2010' };
  const at = Number(value >> MACHINE_AND_SEQUENCE_BITS) + SNOWFLAKE_EPOCH;
  return at > now + skew ? { kind: 'impossible' } : { kind: 'at', at };
};

/** The id of a post made at `at`; ids of one millisecond are told apart by `sequence` (0 to 4095). */
export const snowflakeAt = (at: Milliseconds, sequence = 0): string => {
  const since = BigInt(at - SNOWFLAKE_EPOCH);
  if (since < 0n || since >> 41n !== 0n) throw new RangeError(`no snowflake has the time ${at}`);
  if (sequence < 0 || sequence >= SEQUENCES)
    throw new RangeError(`no snowflake has the sequence ${sequence}`);
  return String((since << MACHINE_AND_SEQUENCE_BITS) | BigInt(sequence));
};
