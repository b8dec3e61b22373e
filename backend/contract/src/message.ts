import { z } from 'zod';
import { handle } from './reference.ts';

/** Where work waits. A backlog of one lane never delays another. */
export const lanes = ['checks.deadline', 'checks.fresh', 'checks.manual'] as const;
export const lane = z.enum(lanes);
export type Lane = z.infer<typeof lane>;

/** Up to 100 checks that share one call to X: it takes at most 100 ids or handles. */
export const batchSize = 100;

/** One look at one profile. A handle is given only while X's numeric id is not known yet (profile_id is then negative). */
const check = z.object({
  profile_id: z.string().regex(/^-?[1-9][0-9]{0,18}$/),
  claim_version: z.int().positive(),
  handle: handle.optional(),
});
export type Check = z.infer<typeof check>;

export const checkMessage = z.object({
  kind: z.literal('profiles.check'),
  /** After this instant the rows may have been claimed again, so the message is dropped unseen. */
  lease_until: z.iso.datetime(),
  /** When they were claimed, and since when the earliest of them was due: for the consumers' measure of how late looks are. */
  claimed_at: z.iso.datetime().optional(),
  due_at: z.iso.datetime().optional(),
  checks: z.array(check).min(1).max(batchSize),
  /** The partition of the schedule that all of them are in; absent when they are in several. It spares the database opening each. */
  leaf: z.int().min(0).max(15).optional(),
});
export type CheckMessage = z.infer<typeof checkMessage>;

/** Everything that crosses the broker. The kind is a stable string, so a rename in code never strands a queued message. */
export const message = z.discriminatedUnion('kind', [checkMessage]);
export type Message = z.infer<typeof message>;
