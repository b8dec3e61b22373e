import { steer } from '@app/policy/steer';

const oneHour = 3_600_000;
const hoursMeasured = 24;

/** Where K comes from, and what it learns of what is spent. */
export interface Steering {
  /** K at this time; times never go back. */
  kAt(at: number): number;
  /** A check was made, at the time last asked for. */
  spend(): void;
}

/** No freshness at all: deadlines only. */
export const deadlinesOnly: Steering = { kAt: () => Number.POSITIVE_INFINITY, spend: () => undefined };

/** So many checks from `from` until `until`. */
export interface Cycle {
  readonly checks: number;
  readonly from: number;
  readonly until: number;
}

/**
 * K as the system steers it: every hour, by the real function. The budget is one for the whole window, like a billing
 * cycle's: what is left of it is spread over the hours that are left, and what the last 24 hours spent is measured by
 * that. K starts at a day and learns of the trace by nothing else. No check waits here, so no deadline is late.
 */
export function steered(cycle: Cycle): Steering {
  const hourly: number[] = [0];
  let k = 24 * oneHour;
  let spent = 0;
  return {
    kAt(at) {
      for (; at >= cycle.from + hourly.length * oneHour; hourly.push(0)) {
        const measured = hourly.slice(-hoursMeasured);
        const recent = measured.reduce((sum, checks) => sum + checks, 0);
        const budgetUsed = recent / (measured.length * hourlyShare(cycle, spent, hourly.length));
        const window = measured.length * oneHour;
        k = steer(k, { budgetUsed, deadlineLateness: 0, window, elapsed: oneHour });
      }
      return k;
    },
    spend() {
      spent++;
      hourly[hourly.length - 1] = (hourly.at(-1) ?? 0) + 1;
    },
  };
}

/** What may be spent in each hour that is left; the last day is treated as one, so that it does not spend in a rush. */
function hourlyShare({ checks, from, until }: Cycle, spent: number, hoursPast: number): number {
  const hoursLeft = (until - from) / oneHour - hoursPast;
  return Math.max(0, checks - spent) / Math.max(hoursMeasured, hoursLeft);
}
