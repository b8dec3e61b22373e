import { z } from 'zod';
import { instant, page, pageQuery } from './page.ts';

export const activityKinds = ['post', 'like', 'follow', 'profile_change'] as const;

/** One observed public act. A post's time is exact; the others happened somewhere between `window_from` and `occurred_at`. */
export const activity = z.object({
  kind: z.enum(activityKinds),
  occurred_at: instant,
  window_from: instant.nullable(),
  post_id: z.string().nullable(),
});
export type Activity = z.infer<typeof activity>;

export const activityPage = page(activity);
export type ActivityPage = z.infer<typeof activityPage>;
export const activityListQuery = z.strictObject(pageQuery);
