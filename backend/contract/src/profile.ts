import { z } from 'zod';
import { alertKinds } from './alert.ts';
import { instant, oneOrMore, page, pageQuery, parameter } from './page.ts';
import { userId } from './reference.ts';

export const profileStatuses = [
  'pending',
  'active',
  'late',
  'inactive',
  'unknown',
  'suspended',
  'protected',
  'not_found',
  'paused',
] as const;
export type ProfileStatus = (typeof profileStatuses)[number];

export const accountStates = ['unseen', 'ok', 'suspended', 'protected', 'not_found'] as const;
export const checkReasons = ['deadline', 'fresh', 'recovery', 'manual', 'first_look', 'retry'] as const;
/** On what ground a person is watched. */
export const bases = ['own', 'consent', 'organisation', 'unstated'] as const;
export type Basis = (typeof bases)[number];

const source = z.enum(['group', 'profile']);

/** A watched profile. `id` is null while only its handle is known. Durations are whole seconds. */
export const profile = z.object({
  id: userId.nullable(),
  handle: z.string().nullable(),
  name: z.string().nullable(),
  group: z.string(),
  status: z.enum(profileStatuses),
  threshold: z.int().positive(),
  threshold_from: source,
  grace: z.int().nonnegative(),
  grace_from: source,
  last_activity_at: instant.nullable(),
  checked_at: instant.nullable(),
  deadline_at: instant.nullable(),
  next_check_at: instant,
  /** Why it is looked at then. */
  next_check_reason: z.enum(checkReasons),
  account_state: z.enum(accountStates),
  basis: z.enum(bases),
  created_at: instant,
  /** The kinds of its alerts that are not resolved. */
  open_alerts: z.array(z.enum(alertKinds)),
});
export type Profile = z.infer<typeof profile>;

/** The single view: with the handles it had before, newest first. */
export const profileWithHistory = profile.extend({
  former_handles: z.array(z.object({ handle: z.string(), until: instant })),
});
export type ProfileWithHistory = z.infer<typeof profileWithHistory>;

export const profilePage = page(profile);
export type ProfilePage = z.infer<typeof profilePage>;

export const profileListQuery = z.strictObject({
  ...pageQuery,
  status: oneOrMore(profileStatuses).optional(),
  group: parameter(256).optional(),
  /** Part of a handle; with an `@` before it, the beginning of one. */
  q: parameter(51)
    .regex(/^@?[A-Za-z0-9_]{1,50}$/, 'must be part of a handle: letters, digits, underscores')
    .transform(text => ({ text: text.replace(/^@/, '').toLowerCase(), anywhere: !text.startsWith('@') }))
    .optional(),
});
export type ProfileListQuery = z.infer<typeof profileListQuery>;

/** The answer to "check now": when the profile is due. */
export const checkRequested = z.object({ next_check_at: instant });
export type CheckRequested = z.infer<typeof checkRequested>;
