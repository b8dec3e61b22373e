import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckMessage } from '@app/contract/message';
import type { Headroom, Spent } from '@app/database/spend';
import type { LookUp, XApi } from '@app/x-api/client';
import type { Permit } from './permit.ts';

export type Asking = Pick<XApi, 'lookUpByIds' | 'lookUpByHandles'>;

/** What became of a permit: told as soon as X has answered, before anything is recorded. */
export type OnSpent = (lookUp: LookUp, spent: Spent, permit: Permit) => Promise<void>;

export interface Metered {
  readonly xApi: Asking;
  /** Gives the permit back if no call was made. */
  end(): void;
}

/** The permits, as far as a call needs them. */
export interface Taking {
  readonly permit: Permit;
  /** Told how long it took until the call could be made. */
  readonly tookToLoad: (ms: number) => void;
  readonly onSpent: OnSpent;
}

/** X for one message, with the permit that was taken for it: the call is counted before its answer is looked at. */
export function meter(xApi: Asking, taking: Taking, { checks }: CheckMessage): Metered {
  const { permit, tookToLoad, onSpent } = taking;
  const takenAt = performance.now();
  let used = false;
  const counted = async (profileIds: readonly string[], call: () => Promise<LookUp>): Promise<LookUp> => {
    used = true;
    tookToLoad(performance.now() - takenAt);
    const inTime = await whenItMayBegin(permit);
    if (inTime === null) return notAsked(profileIds);
    const lookUp = await call();
    await onSpent(lookUp, spentOf(lookUp, profileIds, inTime), inTime);
    return lookUp;
  };
  const byHandle = new Map(checks.map(check => [check.handle, check.profile_id]));
  return {
    xApi: {
      lookUpByIds: (ids, options) => counted(ids, () => xApi.lookUpByIds(ids, options)),
      lookUpByHandles: (handles, options) =>
        counted(
          handles.map(handle => byHandle.get(handle) ?? '0'),
          () => xApi.lookUpByHandles(handles, options),
        ),
    },
    end: () => {
      if (!used) permit.unused();
    },
  };
}

/** On a machine that stalls again and again, an uneven call is better than none. */
const mostTimesLate = 3;
/** Evidence is dated by when the rows were loaded: a call so much later would make two looks seem further apart than they are. */
const mostAgedMs = 5_000;

/** Waits for the call's time. Who comes too late for it takes the next: calls that were held up together must not begin together. */
async function whenItMayBegin(first: Permit): Promise<Permit | null> {
  const loadedAt = performance.now();
  let permit = first;
  for (let late = 0; ; late++) {
    // Timers cut their time to whole milliseconds.
    await sleep(Math.max(0, Math.ceil(permit.callAt - performance.now())));
    if (late === mostTimesLate || performance.now() - permit.callAt <= permit.toleranceMs) return permit;
    const next = await permit.again();
    if (typeof next === 'string') return null;
    permit = next;
    if (permit.callAt - loadedAt <= mostAgedMs) continue;
    permit.unused();
    return null;
  }
}

/** The consumer stops, or the lease has run out: no call, no evidence. */
function notAsked(profileIds: readonly string[]): LookUp {
  const observations = profileIds.map(() => ({ kind: 'unknown', reason: 'request_failed' }) as const);
  return { observations, upstream: { state: 'aborted' }, rate: null, returned: 0 };
}

function spentOf({ observations, returned }: LookUp, profileIds: readonly string[], permit: Permit): Spent {
  const asked = profileIds.map((profileId, i) => ({ profileId, returned: observations[i]?.kind === 'seen' }));
  return { asked, returned, reserved: permit.reserved, day: permit.day };
}

/**
 * X's clock when it answered. Its `Date` is cut to whole seconds; ours (the database's) fills in the rest where it agrees.
 */
export function xNow({ answeredAt }: LookUp, databaseNow: number): number {
  if (answeredAt === undefined) return databaseNow;
  return Math.min(answeredAt + 999, Math.max(answeredAt, databaseNow));
}

/** X's windows last 15 minutes; a reset beyond that is nonsense. */
const longestWindowMs = 16 * 60_000;

/** X's headers, with the reset as a span: only X's own clock can say how far off it is. */
export function headroomOf(lookUp: LookUp, databaseNow: number): Headroom | null {
  // A usage cap comes with the headers of that cap, and with plenty left in them: its body decides (seen at X).
  if (lookUp.rate === null || lookUp.upstream.state === 'cap_exceeded') return null;
  const { limit, remaining, resetAt } = lookUp.rate;
  const resetInMs = Math.min(longestWindowMs, resetAt - xNow(lookUp, databaseNow));
  const most = 2 ** 31 - 1;
  return resetInMs <= 0
    ? null
    : { limit: Math.min(limit, most), remaining: Math.min(remaining, most), resetInMs };
}
