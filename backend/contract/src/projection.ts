import { z } from 'zod';
import { freshness, grace, threshold } from './duration.ts';
import { groupName } from './group.ts';

const dollars = z
  .number('must be a number')
  .min(0, 'must not be negative')
  .max(1_000, 'must be at most 1000');

/**
 * A policy to price, on the profiles of a group or on all. What is absent of the policy is as the group has it (without a
 * group: the default one); what is absent of the prices is as the budget has it.
 */
export const projectionInput = z.strictObject({
  group: groupName.optional(),
  threshold: threshold.optional(),
  grace: grace.optional(),
  freshness: freshness.optional(),
  weight: z.number().min(0.01).max(100).optional(),
  pricing: z.enum(['per_user', 'per_request'], 'must be per_user or per_request').optional(),
  /** Dollars for each user, or each call; X's list price per user returned is 0.010. */
  price: dollars.optional(),
});
export type ProjectionInput = z.infer<typeof projectionInput>;

/** What a policy costs in a month of 30 days, if the profiles go on as they are. */
export const projection = z.object({
  profiles: z.int().nonnegative(),
  /** How many of them the estimate was made from. */
  sampled: z.int().nonnegative(),
  checks_per_month: z.number(),
  calls_per_month: z.number(),
  usd_per_month: z.number(),
});
export type Projection = z.infer<typeof projection>;
