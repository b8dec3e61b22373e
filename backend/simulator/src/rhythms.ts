import { snowflakeAt } from '@app/x-api/snowflake';
import { ANCHOR, destinyOf, isRenamedAt, isTakenAt, lastDayOf, stateAt } from './fates.ts';
import { handleOf, nameOf, parseHandle, renamedHandleOf } from './handles.ts';
import { between, share } from './hash.ts';
import { type LastPost, lastPostAt, type Rhythm, rhythmOf, roundsAt } from './rhythm.ts';
import type { Account, ActivitySource, WallTime } from './source.ts';

export interface RhythmOptions {
  readonly seed: number;
  /** Simulated time per wall time, 1 to 20000. 1440 makes a day a minute. */
  readonly speed: number;
  /** The ids 1 to this exist. Default 10^12. */
  readonly profiles?: number;
}

/** Beyond this, simulated milliseconds would leave the safe integers within a decade. */
const FASTEST = 20_000;
/** So that the count is positive from the first day on, whatever the phase of the cycle. */
const FEWEST_POSTS = 1000;
const DAY = 86_400_000;

/** What one look at the rhythm of a profile shows. */
interface Doings {
  readonly lastPostId: string | null;
  readonly postCount: number;
  readonly rounds: number;
}

/** Post times are rounded up, so that a post is visible exactly from its own millisecond on. */
const wallTime = (simulated: number, speed: number): WallTime => ANCHOR + Math.ceil(simulated / speed);

/** Different profiles that post in one millisecond differ in the low bits, as at X. */
const postId = (post: LastPost, seed: number, id: number, speed: number): string =>
  snowflakeAt(wallTime(post.at, speed), between(0, 4095, share(seed, id, 4)));

const until = (rhythm: Rhythm, { seed, id, now }: { seed: number; id: number; now: WallTime }): WallTime =>
  rhythm.habit === 'dying' ? Math.min(now, lastDayOf(seed, id)) : now;

const doingsOf = (seed: number, id: number, speed: number, now: WallTime): Doings => {
  const rhythm = rhythmOf(seed, id);
  const simulated = Math.max(0, until(rhythm, { seed, id, now }) - ANCHOR) * speed;
  const rounds = roundsAt(rhythm, simulated);
  if (rhythm.habit === 'lurker') return { lastPostId: null, postCount: 0, rounds };
  const post = lastPostAt(rhythm, simulated, ordinal => share(seed, id, 5, ordinal));
  const before = FEWEST_POSTS + between(0, 20_000, share(seed, id, 6));
  return { lastPostId: postId(post, seed, id, speed), postCount: before + post.ordinal + 1, rounds: 0 };
};

/** Likes and follows rise with the lurkers' rounds only, together; everybody else's stay. */
const countsOf = (seed: number, id: number, rounds: number) => ({
  likeCount: between(0, 9000, share(seed, id, 7)) + rounds,
  followingCount: between(10, 2000, share(seed, id, 8)) + rounds,
  followersCount: between(0, 50_000, share(seed, id, 9) ** 4),
  listedCount: between(0, 200, share(seed, id, 10)),
  mediaCount: between(0, 900, share(seed, id, 11)),
});

const ownerOf = (id: number, profiles: number): number => (id > profiles ? id - profiles : id);

/**
 * Activity as a pure function of seed, profile and time: nothing is stored, so any number of profiles and any restart
 * give the same. One account costs about forty hashes; a batch of 100, from its query to 43 kB of JSON, takes 0.4 ms
 * (`batch-cost.ts` measures it).
 *
 * The ids `profiles` + n are the people who took the old handle of n; they exist from that day on.
 */
export const rhythmSource = ({ seed, speed, profiles = 1e12 }: RhythmOptions): ActivitySource => {
  if (!(speed >= 1 && speed <= FASTEST)) throw new RangeError(`the speed must be 1 to ${FASTEST}`);
  if (!(Number.isInteger(profiles) && profiles >= 1 && profiles <= 1e12)) {
    throw new RangeError('profiles must be a whole number from 1 to 10^12');
  }

  const handleAt = (id: number, now: WallTime): string => {
    const owner = String(ownerOf(id, profiles));
    return id <= profiles && isRenamedAt(destinyOf(seed, id), now) ? renamedHandleOf(owner) : handleOf(owner);
  };

  const exists = (id: number, now: WallTime): boolean =>
    id <= profiles || (id <= 2 * profiles && isTakenAt(destinyOf(seed, id - profiles), now));

  const account = (text: string, now: WallTime): Account | null => {
    const id = Number(text);
    if (!exists(id, now)) return null;
    const { rounds, ...doings } = doingsOf(seed, id, speed, now);
    return {
      id: text,
      handle: handleAt(id, now),
      name: nameOf(share(seed, id, 12), share(seed, id, 13)),
      createdAt: ANCHOR - between(1, 3000, share(seed, id, 14)) * DAY,
      state: id <= profiles ? stateAt(destinyOf(seed, id), now) : 'ok',
      ...doings,
      ...countsOf(seed, id, rounds),
      description: `A simulated account, number ${text}`,
      location: '',
    };
  };

  const idOf = (handle: string, now: WallTime): string | null => {
    const parsed = parseHandle(handle);
    if (parsed === null || parsed.id > profiles) return null;
    const destiny = destinyOf(seed, parsed.id);
    if (parsed.renamed === isRenamedAt(destiny, now)) return String(parsed.id);
    return !parsed.renamed && isTakenAt(destiny, now) ? String(profiles + parsed.id) : null;
  };

  return { account, idOf };
};
