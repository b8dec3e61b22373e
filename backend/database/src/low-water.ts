import type { Claim } from './claim.ts';

/**
 * A transaction that made a row due may commit this long after its now(); what commits later waits for a claim from the beginning. Ten
 * seconds would have each claim pass by what was checked in ten seconds: 26 places for each row that it takes.
 */
const marginMs = 1_000;
/** A claim looks from the very beginning at least four times in a lease, because those that have lapsed lie there, … */
const looksPerLease = 4;
/** … at most once a second, because it passes by all that consumers have in hand, and at least so often. */
const anewMs = { least: 1_000, most: 10_000 } as const;

/**
 * The low-water mark of one lane: claims begin where the last one ended, and not among the places in the index that earlier claims
 * have left. While an old snapshot pins those (a dump, a long report), 350,000 of them slow a claim of 100 from 2 to 250 ms;
 * with the mark it stays quick.
 *
 * Whoever moves a due time earlier moves it to now() at the earliest, and the mark lies `marginMs` before what was claimed, so
 * that nothing due is passed over; should it happen all the same, a claim from the beginning finds it within seconds.
 */
export interface LowWater {
  /** From when on to claim, in milliseconds by the database's clock; -Infinity: from the beginning. */
  floor(): number;
  /** The same for who only wants to know what waits: never from the beginning. */
  mark(): number;
  claimed(claim: Pick<Claim, 'lastDue'>): void;
}

export function createLowWater(leaseMs: number, now: () => number = () => performance.now()): LowWater {
  const everyMs = Math.min(anewMs.most, Math.max(anewMs.least, leaseMs / looksPerLease));
  let floor = Number.NEGATIVE_INFINITY;
  let mark = floor;
  let anewAt = now() + everyMs;
  return {
    mark: () => mark,
    floor() {
      if (now() < anewAt) return floor;
      anewAt = now() + everyMs;
      floor = Number.NEGATIVE_INFINITY;
      return floor;
    },
    claimed({ lastDue }) {
      if (lastDue === null) return;
      floor = Math.max(floor, lastDue - marginMs);
      mark = floor;
    },
  };
}
