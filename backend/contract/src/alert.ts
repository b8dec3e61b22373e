import { z } from 'zod';
import { instant, oneOrMore, page, pageQuery, parameter } from './page.ts';
import { userId } from './reference.ts';

export const alertKinds = ['inactivity', 'suspended', 'protected', 'not_found', 'renamed'] as const;
export type AlertKind = (typeof alertKinds)[number];
export const alertStatuses = ['open', 'acknowledged', 'snoozed', 'resolved'] as const;
export const alertEvents = ['opened', 'resolved'] as const;

/** One episode of one kind for one profile, with the evidence it stands on. Durations are whole seconds. */
export const alert = z.object({
  id: z.string(),
  profile: z.object({ id: userId.nullable(), handle: z.string().nullable() }),
  kind: z.enum(alertKinds),
  status: z.enum(alertStatuses),
  baseline: z.boolean(),
  became_true_at: instant,
  opened_at: instant,
  silent_since: instant.nullable(),
  suspected_at: instant,
  confirmed_at: instant,
  threshold: z.int(),
  grace: z.int(),
  former_handle: z.string().nullable(),
  new_handle: z.string().nullable(),
  resolved_at: instant.nullable(),
});
export type Alert = z.infer<typeof alert>;

const alertEvent = z.object({ event: z.enum(alertEvents), at: instant, activity_at: instant.nullable() });

/** One alert with what happened to it, in order. */
export const alertWithEvents = alert.extend({ events: z.array(alertEvent) });
export type AlertWithEvents = z.infer<typeof alertWithEvents>;

export const alertPage = page(alert);
export type AlertPage = z.infer<typeof alertPage>;

export const alertListQuery = z.strictObject({
  ...pageQuery,
  status: oneOrMore(alertStatuses).optional(),
  kind: oneOrMore(alertKinds).optional(),
  group: parameter(256).optional(),
  profile: parameter(300).optional(),
});
export type AlertListQuery = z.infer<typeof alertListQuery>;
