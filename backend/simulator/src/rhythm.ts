import { between, share } from './hash.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** The habits; the shares add up to 1. */
const HABITS = [
  ['steady', 0.25],
  ['office', 0.2],
  ['bursty', 0.15],
  ['weekly', 0.1],
  ['dying', 0.1],
  ['returning', 0.12],
  ['lurker', 0.08],
] as const;

export type Habit = (typeof HABITS)[number][0];

/** A part of the cycle in which posts are made: from, to, as offsets in the cycle. */
type Window = readonly [from: number, to: number];

/**
 * A cycle with the same number of posts every time, spread over its open windows. This makes the number of posts until
 * any moment a matter of arithmetic: no storage and no walk through the past.
 */
export interface Rhythm {
  readonly habit: Habit;
  readonly cycle: number;
  /** Where in the cycle the profile stood at time 0. */
  readonly phase: number;
  readonly posts: number;
  readonly windows: readonly Window[];
}

/** The newest post until a moment: its time, and how many there were since time 0 (negative: before). */
export interface LastPost {
  readonly at: number;
  readonly ordinal: number;
}

const habitOf = (at: number): Habit => {
  let rest = at;
  for (const [habit, part] of HABITS) {
    if (rest < part) return habit;
    rest -= part;
  }
  return 'steady';
};

/** Monday to Friday, nine to five. */
const officeWeek: readonly Window[] = [0, 1, 2, 3, 4].map(day => [
  day * DAY + 9 * HOUR,
  day * DAY + 17 * HOUR,
]);

type Shape = Omit<Rhythm, 'habit'>;
type Draw = (name: number) => number;

const always = (cycle: number, posts: number, phase: number): Shape => ({
  cycle,
  phase: phase * cycle,
  posts,
  windows: [[0, cycle]],
});

/** Posts in the first part of the cycle only. */
const early = (cycle: number, part: number, posts: number, phase: number): Shape => ({
  cycle,
  phase: phase * cycle,
  posts,
  windows: [[0, cycle * part]],
});

/**
 * With a threshold of three days (three minutes at a speed of 1440): steady and office stay active (the longest gap of
 * an office, over a weekend, is under 70 hours), weekly, bursty and returning go quiet now and then, dying for good.
 */
const SHAPES: Readonly<Record<Habit, (draw: Draw) => Shape>> = {
  steady: draw => always(between(1, 12, draw(1)) * HOUR, 1, draw(2)),
  dying: draw => always(between(1, 12, draw(1)) * HOUR, 1, draw(2)),
  office: draw => ({
    cycle: WEEK,
    // Time 0 is a Monday, 00:00 UTC; offices lie in whole hours around the earth.
    phase: between(-11, 12, draw(2)) * HOUR,
    posts: 5 * between(3, 8, draw(1)),
    windows: officeWeek,
  }),
  bursty: draw => early((2 + 3 * draw(1)) * DAY, 0.1 + 0.2 * draw(3), between(8, 24, draw(4)), draw(2)),
  weekly: draw => early(WEEK, 0.04, between(1, 2, draw(1)), draw(2)),
  returning: draw => {
    const days = 10 + 20 * draw(1);
    return early(days * DAY, 0.4 + 0.2 * draw(3), Math.round(days), draw(2));
  },
  // Its posts are none; the cycle is that of its likes.
  lurker: draw => always(between(6, 48, draw(1)) * HOUR, 1, draw(2)),
};

/** The rhythm of a profile, for ever. */
export const rhythmOf = (seed: number, id: number): Rhythm => {
  const habit = habitOf(share(seed, id, 100));
  return { habit, ...SHAPES[habit](name => share(seed, id, 100 + name)) };
};

const openTime = (windows: readonly Window[]): number =>
  windows.reduce((sum, [from, to]) => sum + (to - from), 0);

/** From the share of the open time to the offset in the cycle. */
const offsetOf = (windows: readonly Window[], part: number): number => {
  let rest = part * openTime(windows);
  for (const [from, to] of windows) {
    if (rest < to - from) return from + rest;
    rest -= to - from;
  }
  return windows.at(-1)?.[1] ?? 0;
};

/** How much of the open time has passed at an offset in the cycle, as a share. */
const partAt = (windows: readonly Window[], offset: number): number => {
  const passed = windows.reduce(
    (sum, [from, to]) => sum + Math.min(Math.max(offset - from, 0), to - from),
    0,
  );
  return passed / openTime(windows);
};

/** Each post has its own stretch of the cycle's open time; away from its ends, so that no two fall together. */
const postAt = (
  rhythm: Rhythm,
  cycle: number,
  index: number,
  dieOf: (ordinal: number) => number,
): LastPost => {
  const ordinal = cycle * rhythm.posts + index;
  const part = (index + 0.05 + 0.9 * dieOf(ordinal)) / rhythm.posts;
  return { at: cycle * rhythm.cycle - rhythm.phase + offsetOf(rhythm.windows, part), ordinal };
};

/** The newest post at or before `at`, found in at most two steps back. */
export const lastPostAt = (rhythm: Rhythm, at: number, dieOf: (ordinal: number) => number): LastPost => {
  const cycle = Math.floor((at + rhythm.phase) / rhythm.cycle);
  const part = partAt(rhythm.windows, at + rhythm.phase - cycle * rhythm.cycle);
  const index = Math.min(Math.floor(part * rhythm.posts), rhythm.posts - 1);
  const post = postAt(rhythm, cycle, index, dieOf);
  if (post.at <= at) return post;
  return index > 0
    ? postAt(rhythm, cycle, index - 1, dieOf)
    : postAt(rhythm, cycle - 1, rhythm.posts - 1, dieOf);
};

/** How often the cycle came round until `at`. */
export const roundsAt = (rhythm: Rhythm, at: number): number =>
  Math.floor((at + rhythm.phase) / rhythm.cycle);
