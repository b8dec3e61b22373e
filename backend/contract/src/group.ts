import { z } from 'zod';
import { freshness, grace, threshold } from './duration.ts';
import { instant, page, pageQuery } from './page.ts';

/** Counted in characters as people see code points, as the database does. */
export const groupName = z
  .string('must be a text')
  .trim()
  .refine(name => [...name].length >= 1 && [...name].length <= 64, 'must be 1 to 64 characters')
  .refine(name => !/[\p{Cc}\p{Cs}]/u.test(name), 'must not hold control characters');

export const groupInput = z.strictObject({
  name: groupName,
  threshold,
  grace,
  freshness: freshness.default(86_400),
});
export type GroupInput = z.infer<typeof groupInput>;

export const groupChange = z
  .strictObject({
    name: groupName.optional(),
    threshold: threshold.optional(),
    grace: grace.optional(),
    freshness: freshness.optional(),
  })
  .refine(
    change => Object.keys(change).length > 0,
    'must change at least one of name, threshold, grace, freshness',
  );
export type GroupChange = z.infer<typeof groupChange>;

/** Profiles that share a policy. Durations are whole seconds. */
export const group = z.object({
  id: z.int().positive(),
  name: z.string(),
  threshold: z.int().positive(),
  grace: z.int().nonnegative(),
  freshness: z.int().positive(),
  profiles: z.int().nonnegative(),
  created_at: instant,
});
export type Group = z.infer<typeof group>;

export const groupPage = page(group);
export type GroupPage = z.infer<typeof groupPage>;
export const groupListQuery = z.strictObject(pageQuery);
