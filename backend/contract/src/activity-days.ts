import { z } from 'zod';
import { activityKinds } from './activity.ts';
import { alertKinds } from './alert.ts';
import { instant, parameter } from './page.ts';

/** So many days are answered at once: two years and a little. */
export const mostDays = 800;

const day = z.iso.date();
const dayParameter = parameter(10).regex(
  /^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$/,
  'must be a day like 2026-11-23',
);
const dayQuery = {
  /** The first day; absent: 364 days before the last, which makes a year. */
  from: dayParameter.optional(),
  /** The last day, included; absent: today. */
  to: dayParameter.optional(),
};

const count = z.int().nonnegative();
const byKind = z.record(z.enum(activityKinds), count);
const byAlertKind = z.record(z.enum(alertKinds), count);

export const profileDaysQuery = z.strictObject(dayQuery);

/** What was seen of one profile, by UTC day, oldest first. A day without any is left out. */
export const profileDays = z.object({
  from: day,
  to: day,
  days: z.array(z.object({ day, activities: byKind })),
});
export type ProfileDays = z.infer<typeof profileDays>;

export const totalDaysQuery = z.strictObject({ ...dayQuery, group: parameter(256).optional() });

/** What was seen of all profiles, or of a group's, by UTC day, oldest first. A day without any is left out. */
export const totalDays = z.object({
  from: day,
  to: day,
  /** What had been seen until then is counted; null before the first count. */
  as_of: instant.nullable(),
  days: z.array(
    z.object({ day, activities: byKind, alerts_opened: byAlertKind, alerts_resolved: byAlertKind }),
  ),
});
export type TotalDays = z.infer<typeof totalDays>;
