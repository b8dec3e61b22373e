import { isUserId } from '@app/x-api/asked';
import { SNOWFLAKE_EPOCH, snowflakeAt } from '@app/x-api/snowflake';
import type { Account, ActivitySource, WallTime } from './source.ts';
import type { Trace } from './trace.ts';

export interface TraceOptions {
  /** The second of the trace that happens at `startAt`. */
  readonly from: number;
  readonly startAt: WallTime;
  /** Trace time per wall time. */
  readonly speed: number;
}

/** How an account of the trace is known on the simulated X. */
export interface TraceProfile {
  readonly account: string;
  readonly id: string;
  readonly handle: string;
}

/** A trace knows of posts only. */
const UNCHANGING = {
  likeCount: 0,
  followingCount: 0,
  followersCount: 0,
  listedCount: 0,
  mediaCount: 0,
  description: 'An account of a replayed trace',
  location: '',
} as const;

const SEQUENCES = 4096;
const LONGEST_HANDLE = 15;

/** `trace_` and the id; a longer id in base 36, in which 2^63 has 13 digits. */
const handleOf = (id: string): string => {
  const plain = `trace_${id}`;
  return plain.length <= LONGEST_HANDLE ? plain : `t_${BigInt(id).toString(36)}`;
};

/** The accounts of a trace, sorted: their own ids if all of them can be X ids, otherwise numbered from 1. */
export const traceProfiles = (trace: Trace): readonly TraceProfile[] => {
  const accounts = [...trace.accounts.keys()].sort();
  const areIds = accounts.every(isUserId);
  return accounts.map((account, index) => {
    const id = areIds ? account : String(index + 1);
    return { account, id, handle: handleOf(id) };
  });
};

/** How many of the sorted events satisfy `isBefore`, which holds for the first ones only. */
const countWhile = (events: Float64Array, isBefore: (second: number) => boolean): number => {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(events[middle] ?? 0)) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Replays a trace: the event of second t happens at `startAt` + (t − `from`) / `speed`, and never again. */
export const traceSource = (trace: Trace, { from, startAt, speed }: TraceOptions): ActivitySource => {
  if (!(speed > 0)) throw new RangeError('the speed must be above 0');
  const profiles = traceProfiles(trace);
  const byId = new Map(profiles.map(profile => [profile.id, profile]));
  const byHandle = new Map(profiles.map(profile => [profile.handle, profile]));
  const wall = (second: number): WallTime => Math.round(startAt + ((second - from) * 1000) / speed);

  /** Events of one millisecond are numbered; a time before all snowflakes gives a sequential id, as at X. */
  const postId = (events: Float64Array, visible: number): string => {
    const at = wall(events[visible - 1] ?? 0);
    if (at < SNOWFLAKE_EPOCH) return String(visible);
    const sequence = visible - 1 - countWhile(events, second => wall(second) < at);
    return snowflakeAt(at, sequence % SEQUENCES);
  };

  const account = (id: string, now: WallTime): Account | null => {
    const profile = byId.get(id);
    const events = profile && trace.accounts.get(profile.account);
    const visible = events ? countWhile(events, second => wall(second) <= now) : 0;
    if (!profile || !events || visible === 0) return null;
    return {
      id,
      handle: profile.handle,
      name: `Trace ${profile.account}`,
      state: 'ok',
      createdAt: wall(events[0] ?? 0),
      lastPostId: postId(events, visible),
      postCount: visible,
      ...UNCHANGING,
    };
  };

  const idOf = (handle: string, now: WallTime): string | null => {
    const id = byHandle.get(handle.toLowerCase())?.id;
    return id !== undefined && account(id, now) ? id : null;
  };

  return { account, idOf };
};
