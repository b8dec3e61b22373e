import type { Milliseconds } from './observation.ts';

/** How the last stretch of time went. */
export interface Feedback {
  /** What was spent in `window`, as a share of what might have been (calls or money, whichever is shorter); 1 is all. */
  readonly budgetUsed: number;
  /** For how long the longest waiting deadline check is overdue; 0 when none waits. */
  readonly deadlineLateness: Milliseconds;
  /** The stretch that `budgetUsed` was measured over. */
  readonly window: Milliseconds;
  /** Since K was last steered. */
  readonly elapsed: Milliseconds;
}

export interface KBounds {
  readonly least: Milliseconds;
  readonly most: Milliseconds;
}

/** A minute buys all the freshness that the floor allows; a year buys none beside the cap. */
export const kBounds: KBounds = { least: 60_000, most: 365 * 86_400_000 };

/** Between these shares nothing is changed; outside of them, their middle is aimed at. */
export const usedBand = { low: 0.85, aim: 0.9, high: 0.95 } as const;

/** A pass of the producer, a queue of a few seconds and a call take less; later than this means that capacity is short. */
export const lateAfter: Milliseconds = 60_000;

/** The largest step, as a power of e: at most 28 % more or 22 % less at once, however long nobody steered. */
const largestStep = 0.25;

/**
 * K of the square-root rule for the time to come, in milliseconds: up when the budget is short or deadlines run late,
 * down when budget is left over. Checks go as 1 / K, so the step is taken on its logarithm, in proportion to how far off
 * the use is.
 *
 * A change of K shows fully only after the looks that are planned already (about K) and after a new `window`. So the
 * gain is elapsed / 2 (window + K): an integral controller whose gain times the delay is a half is damped by 0.7 and
 * overshoots by 4 % (by 16 % if it were one).
 */
export function steer(k: Milliseconds, feedback: Feedback, bounds: KBounds = kBounds): Milliseconds {
  const gain = Math.max(0, feedback.elapsed) / (2 * (feedback.window + k));
  const step = Math.max(-largestStep, Math.min(largestStep, gain * pressure(feedback)));
  return Math.min(bounds.most, Math.max(bounds.least, k * Math.exp(step)));
}

/** From -1 (all is left over) to 1 (far too much is spent, or deadlines run late); 0 changes nothing. */
function pressure({ budgetUsed, deadlineLateness }: Feedback): number {
  if (deadlineLateness > lateAfter) return 1;
  const isFine = budgetUsed >= usedBand.low && budgetUsed <= usedBand.high;
  if (isFine || Number.isNaN(budgetUsed)) return 0;
  return Math.max(-1, Math.min(1, Math.log(budgetUsed / usedBand.aim)));
}
