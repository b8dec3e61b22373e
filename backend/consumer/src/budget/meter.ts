import { setTimeout as sleep } from 'node:timers/promises';
import type { Headroom, Spent, SpentOnGroup } from '@app/database/spend';
import type { LookUp } from '@app/x-api/client';
import type { Ask, Asked } from '../ask.ts';
import type { Permit } from './permit.ts';

/** What became of a permit: told as soon as X has answered, before anything is recorded. */
export type OnSpent = (lookUp: LookUp, spent: Spent, permit: Permit) => Promise<void>;

export interface Metered {
  readonly ask: Ask;
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
export function meter(ask: Ask, { permit, tookToLoad, onSpent }: Taking): Metered {
  const takenAt = performance.now();
  let used = false;
  return {
    async ask(asked) {
      used = true;
      tookToLoad(performance.now() - takenAt);
      const inTime = await whenItMayBegin(permit);
      if (inTime === null) return notAsked(asked);
      const lookUp = await ask(asked);
      await onSpent(lookUp, spentOf(lookUp, asked, inTime), inTime);
      return lookUp;
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
function notAsked(asked: readonly Asked[]): LookUp {
  const observations = asked.map(() => ({ kind: 'unknown', reason: 'request_failed' }) as const);
  return { observations, upstream: { state: 'aborted' }, rate: null, returned: 0 };
}

function spentOf(
  { observations, returned }: LookUp,
  asked: readonly Asked[],
  { reserved, day }: Permit,
): Spent {
  const today = Date.parse(`${day}T00:00:00Z`);
  const groups = new Map<number, SpentOnGroup>();
  for (const [i, { groupId, checkedAt }] of asked.entries()) {
    const before = groups.get(groupId) ?? { groupId, asked: 0, returned: 0, repeats: 0 };
    const shown = observations[i]?.kind === 'seen' ? 1 : 0;
    groups.set(groupId, {
      groupId,
      asked: before.asked + 1,
      returned: before.returned + shown,
      repeats: before.repeats + (shown && checkedAt !== null && checkedAt >= today ? 1 : 0),
    });
  }
  return { groups: [...groups.values()], returned, reserved, day };
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
