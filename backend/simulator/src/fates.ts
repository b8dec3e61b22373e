import { between, share } from './hash.ts';
import type { AccountState, WallTime } from './source.ts';

/** 2020-01-06T00:00:00Z, a Monday: where simulated time and wall time meet. It never changes, so ids survive restarts. */
export const ANCHOR: WallTime = Date.UTC(2020, 0, 6);

/** Fates strike at a hashed moment within these years: some already have, some will. */
const SPAN = 14 * 365 * 24 * 3_600_000;

export type Fate = 'suspended' | 'protected' | 'renamed' | 'renamed_and_taken' | 'never' | 'none';

const FATES: readonly (readonly [Fate, number])[] = [
  ['never', 0.01],
  ['suspended', 0.02],
  ['protected', 0.02],
  ['renamed', 0.01],
  ['renamed_and_taken', 0.01],
];

/** What becomes of a profile, and when. */
export interface Destiny {
  readonly fate: Fate;
  readonly from: WallTime;
}

const fateOf = (at: number): Fate => {
  let rest = at;
  for (const [fate, part] of FATES) {
    if (rest < part) return fate;
    rest -= part;
  }
  return 'none';
};

export const destinyOf = (seed: number, id: number): Destiny => ({
  fate: fateOf(share(seed, id, 1)),
  from: ANCHOR + between(0, SPAN, share(seed, id, 2)),
});

/** When the profile of a dying habit stops for good. */
export const lastDayOf = (seed: number, id: number): WallTime =>
  ANCHOR + between(0, SPAN, share(seed, id, 3));

export const stateAt = ({ fate, from }: Destiny, now: WallTime): AccountState => {
  if (fate === 'never') return 'not_found';
  return (fate === 'suspended' || fate === 'protected') && now >= from ? fate : 'ok';
};

export const isRenamedAt = ({ fate, from }: Destiny, now: WallTime): boolean =>
  (fate === 'renamed' || fate === 'renamed_and_taken') && now >= from;

/** From the rename on, somebody else may carry the old handle. */
export const isTakenAt = (destiny: Destiny, now: WallTime): boolean =>
  destiny.fate === 'renamed_and_taken' && now >= destiny.from;
