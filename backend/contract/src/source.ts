import { z } from 'zod';
import { instant } from './page.ts';
import { parseReference } from './profile-reference.ts';
import { type Reference, userId } from './reference.ts';

export const sourceHealths = ['normal', 'suspect', 'incident', 'recovering'] as const;
const count = z.int().nonnegative();

/** What the looks of a span of time say of X itself. */
const counts = z.object({
  looks: count,
  shown: count,
  missing: count,
  again: count,
  fresh: count,
  regressed: count,
  unanswered: count,
  gone: count,
  due: count,
  opened: count,
  held: count,
});

export const incident = z.object({
  id: z.int().positive(),
  opened_at: instant,
  closed_at: instant.nullable(),
  reasons: z.array(z.string()),
  /** The most alerts that waited at once. */
  held: count,
});
export type Incident = z.infer<typeof incident>;

export const canary = z.object({
  id: userId,
  handle: z.string().nullable(),
  last_activity_at: instant.nullable(),
  checked_at: instant.nullable(),
  /** The longest of its last gaps between posts, in seconds; null until enough were seen. */
  usual_gap: z.number().nonnegative().nullable(),
});
export type Canary = z.infer<typeof canary>;

/** How far X itself is trusted, and on what grounds. */
export const source = z.object({
  health: z.enum(sourceHealths),
  since: instant,
  /** What speaks against it, in words; empty while it is normal. */
  reasons: z.array(z.string()),
  assessed_at: instant.nullable(),
  /** Alerts that wait now until X is trusted, or until it has shown a newer post of somebody. Counted up to 10,000. */
  held: count,
  watermark: z.object({
    /** The newest post that X has shown of anybody. */
    at: instant.nullable(),
    /** How old that is, in seconds. */
    lag: z.number().nonnegative().nullable(),
    /** Whether an alert waits until it is past the alert's deadline. */
    demanded: z.boolean(),
  }),
  vocabulary: z.object({ seen: z.enum(['tweet', 'post']).nullable(), at: instant.nullable() }),
  answers: z.object({
    last_ok_at: instant.nullable(),
    /** Since when every call has failed, and how the last one did. */
    failing: z.object({ since: instant, as: z.string() }).nullable(),
    /** By how X treated the call. */
    kinds: z.array(z.object({ kind: z.string(), calls: count, last_at: instant })),
  }),
  /** Sums over the last hour, and over the last day without the time in which X was not normal. */
  counts: z.object({ hour: counts, day: counts }),
  /** The newest twenty. */
  incidents: z.array(incident),
  canaries: z.array(canary),
});
export type SourceReport = z.infer<typeof source>;

const reference = z.string('must be a text').transform((text, context): Reference => {
  const parsed = parseReference(text);
  if ('reference' in parsed) return parsed.reference;
  context.addIssue({ code: 'custom', message: parsed.problem });
  return z.NEVER;
});

/** All the canaries from then on: ids, handles or addresses of watched profiles. */
export const canariesInput = z.strictObject({
  canaries: z.array(reference).max(50, 'must be at most 50'),
});
export type CanariesInput = z.infer<typeof canariesInput>;

export const canaryList = z.object({ items: z.array(canary) });
export type CanaryList = z.infer<typeof canaryList>;
