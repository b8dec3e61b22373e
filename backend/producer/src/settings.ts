import { wholeNumber } from '@app/runtime/env';
import { validate } from 'node-cron';
import { z } from 'zod';
import { guardSettings } from './guard-settings.ts';
import { maintenanceSettings } from './maintenance-settings.ts';

const cron = z.string().refine(validate, 'must be a cron expression, like "* * * * * *" (every second)');

/** Settings of the producer, by their names in the environment. */
export const producerSettings = {
  /** When to look for due checks. Six fields: seconds first. */
  PRODUCER_CRON: cron.default('* * * * * *'),
  /** How often to look again within the second that a cron tick stands for; 1000 is once. */
  PRODUCER_PASS_MS: wholeNumber(20, 1_000).default(1_000),
  /** Rows taken by one claim. 1,000 to 5,000 is where claiming is fastest. */
  CLAIM_ROWS: wholeNumber(1, 10_000).default(5_000),
  /** How long a claim holds. Longer than a message may wait and be worked on; shorter means sooner recovery. */
  LEASE_MS: wholeNumber(500, 3_600_000).default(120_000),
  /** Messages (of up to 100 checks) that may wait in a lane; more once consumers prove faster: then as much as they do in 3 s. */
  LANE_MESSAGES: wholeNumber(1, 10_000).default(50),
  /** As the consumer has it: how long before a deadline the first of the two looks is due. */
  CONFIRM_DELAY_MS: wholeNumber(1, 3_600_000).default(60_000),
  /** A producer that takes no step of its job for so long is taken for dead, and another takes the job over. */
  JOB_LEASE_MS: wholeNumber(1_000, 600_000).default(10_000),
  /** K of the square-root rule at first, as the consumer has it, and when to steer it by how the budget is used. */
  FRESHNESS_K_MS: wholeNumber(1, 365 * 86_400_000).default(86_400_000),
  STEER_CRON: cron.default('20 * * * * *'),
  /** When to count all profiles; left out while the last time is less than twenty times as long ago as it took. */
  CENSUS_CRON: cron.default('40 * * * * *'),
  ...maintenanceSettings,
  ...guardSettings,
};

export type ProducerSettings = {
  readonly [Name in keyof typeof producerSettings]: z.infer<(typeof producerSettings)[Name]>;
};
