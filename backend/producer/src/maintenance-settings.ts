import { wholeNumber } from '@app/runtime/env';
import { validate } from 'node-cron';
import { z } from 'zod';

const cron = z.string().refine(validate, 'must be a cron expression, like "17 3 * * *" (each night)');
const longest = 36_500;

/** Days to keep something; what looks back on it must find it. */
function days(least: number) {
  return wholeNumber(0, longest).refine(
    value => value === 0 || value >= least,
    `must be 0 (for ever) or at least ${least}`,
  );
}

/** What is kept for how long, and when that is seen to. */
export const maintenanceSettings = {
  /** When to do all of it. What was missed, by a machine that sleeps at night, is made up for with the next roll-up. */
  MAINTENANCE_CRON: cron.default('17 3 * * *'),
  /** When to count the last days anew, but not sooner than a hundred times as long after as the last count took. */
  ROLL_UP_CRON: cron.default('7 * * * *'),
  /** Activities: a year for a year's chart, and a month. The back-test looks back 90 days and the longest usual silence. */
  RETENTION_DAYS: days(100).default(400),
  /** Alerts, since they were resolved. */
  ALERT_RETENTION_DAYS: days(30).default(400),
  /** Counts per day: of all, and of each profile what activities leave behind. */
  ROLL_UP_RETENTION_DAYS: days(100).default(1_100),
};

export type MaintenanceSettings = {
  readonly [Name in keyof typeof maintenanceSettings]: z.infer<(typeof maintenanceSettings)[Name]>;
};
