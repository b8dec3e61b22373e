import { z } from 'zod';
import { freshness, grace, threshold } from './duration.ts';
import { job } from './job.ts';
import { instant, page, pageQuery } from './page.ts';

/** Counted in characters as people see code points, as the database does. */
export const groupName = z
  .string('must be a text')
  .trim()
  .refine(name => [...name].length >= 1 && [...name].length <= 64, 'must be 1 to 64 characters')
  .refine(name => !/[\p{Cc}\p{Cs}]/u.test(name), 'must not hold control characters');

/** How much more than an ordinary profile's the freshness of its profiles is worth: 4 halves the interval. Deadlines know no weight. */
const weight = z
  .number('must be a number')
  .min(0.01, 'must be at least 0.01')
  .max(100, 'must be at most 100');

export const groupInput = z.strictObject({
  name: groupName,
  threshold,
  grace,
  freshness: freshness.default(604_800),
  weight: weight.default(1),
});
export type GroupInput = z.infer<typeof groupInput>;

export const groupChange = z
  .strictObject({
    name: groupName.optional(),
    threshold: threshold.optional(),
    grace: grace.optional(),
    freshness: freshness.optional(),
    weight: weight.optional(),
  })
  .refine(
    change => Object.keys(change).length > 0,
    'must change at least one of name, threshold, grace, freshness, weight',
  );
export type GroupChange = z.infer<typeof groupChange>;

/** Profiles that share a policy. Durations are whole seconds. */
export const group = z.object({
  id: z.int().positive(),
  name: z.string(),
  threshold: z.int().positive(),
  grace: z.int().nonnegative(),
  freshness: z.int().positive(),
  weight: z.number(),
  profiles: z.int().nonnegative(),
  /** More than 10,000, as of the last census: minutes ago at most. */
  profiles_estimated: z.boolean(),
  created_at: instant,
});
export type Group = z.infer<typeof group>;

/** How a change is answered. `replan` is the job that brings the group's profiles in line; null when there is nothing to bring in line. */
export const changedGroup = group.extend({ replan: job.nullable() });
export type ChangedGroup = z.infer<typeof changedGroup>;

export const groupPage = page(group);
export type GroupPage = z.infer<typeof groupPage>;
export const groupListQuery = z.strictObject(pageQuery);
