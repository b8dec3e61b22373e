import { wholeNumber } from '@app/runtime/env';
import { validate } from 'node-cron';
import { z } from 'zod';

const ms = (min: number, max: number) => wholeNumber(min, max);
const hour = 3_600_000;

/** The guard against a lying source. All durations are milliseconds. */
export const guardSettings = {
  /** When to assess how far X is trusted. Six fields: seconds first. */
  GUARD_CRON: z
    .string()
    .refine(validate, 'must be a cron expression, like "*/5 * * * * *" (every 5 seconds)')
    .default('*/5 * * * * *'),
  /** What the guard's minute is; only systems whose time passes faster have another. */
  GUARD_MINUTE_MS: ms(200, hour).default(60_000),
  /**
   * Whether an alert waits until X has shown somebody's post that is newer than the alert's deadline. `auto`: where the
   * instance sees enough of them, by its own measure.
   */
  GUARD_WATERMARK: z.enum(['auto', 'always', 'never']).default('auto'),
  /** "Enough": the newest post seen is usually no older than this … */
  GUARD_WATERMARK_LAG_MS: ms(1, 30 * 24 * hour).default(15 * 60_000),
  /** … and at least so many different profiles posted within a day (or there are canaries). */
  GUARD_POSTERS: wholeNumber(1, 50).default(20),
  /** So many of the busiest profiles (canaries first) are looked at, at most once a minute, while an alert waits for a newer post; 0 is none. */
  GUARD_PULSE: wholeNumber(0, 50).default(5),
  /** A canary is silent after so many of the longest of its last thirty gaps. */
  GUARD_CANARY_GAPS: wholeNumber(1, 100).default(3),
  /** No answer of X for so long before a start: checks run first, alerts follow from fresh evidence. */
  GUARD_DOWNTIME_MS: ms(1, 30 * 24 * hour).default(10 * 60_000),
  /** For how many days the counts of each minute are kept. */
  GUARD_KEEP_DAYS: wholeNumber(2, 3_650).default(30),
};

export type GuardProcessSettings = {
  readonly [Name in keyof typeof guardSettings]: z.infer<(typeof guardSettings)[Name]>;
};
