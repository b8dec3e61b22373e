import { z } from 'zod';
import { instant, oneOrMore, parameter } from './page.ts';
import { type ProfileStatus, profileStatuses } from './profile.ts';

/** How many profiles. An estimate is as of `as_of`; null before the first census, a minute after the start at most. */
export const counted = z.object({ profiles: z.int().nonnegative().nullable(), estimated: z.boolean() });
export type Counted = z.infer<typeof counted>;

const byStatus = z.record(z.enum(profileStatuses), counted);
export type ByStatus = Readonly<Record<ProfileStatus, Counted>>;

/** Counts of 10,000 or less are exact and of now. */
export const profileCounts = z.object({
  /** When estimates were counted; now, where there are none. */
  as_of: instant,
  /** All that the filters let through. */
  total: counted,
  /** By status: of the group that is asked for, or of all. */
  statuses: byStatus,
  /** By group, with the statuses that are asked for, or any: the largest first, 100 at most. */
  groups: z.array(counted.extend({ id: z.int().positive(), name: z.string() })),
});
export type ProfileCounts = z.infer<typeof profileCounts>;

export const profileCountsQuery = z.strictObject({
  status: oneOrMore(profileStatuses).optional(),
  group: parameter(256).optional(),
});

/** All profiles at a glance. */
export const overview = z.object({
  as_of: instant,
  total: counted,
  statuses: byStatus,
  /** How many have been silent for `from` to `to` seconds (null: or longer), of those whose posts can be seen. */
  silence: z.object({
    estimated: z.boolean(),
    bins: z.array(
      z.object({
        from: z.int().nonnegative(),
        to: z.int().positive().nullable(),
        profiles: z.int().nonnegative(),
      }),
    ),
  }),
  /** How many deadlines fall within so many seconds from now. */
  deadlines: z.array(counted.extend({ within: z.int().positive() })),
});
export type Overview = z.infer<typeof overview>;
