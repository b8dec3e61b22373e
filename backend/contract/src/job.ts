import { z } from 'zod';
import { instant, oneOrMore, page, pageQuery, parameter } from './page.ts';

/** `replan`: the deadlines of a group's profiles, after its threshold or grace was changed. */
export const jobKinds = ['replan'] as const;
export const jobStates = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;

/** Work that is too long for a request. */
export const job = z.object({
  id: z.int().positive(),
  kind: z.enum(jobKinds),
  /** The group it is about, for kinds that are about one. */
  group: z.object({ id: z.int().positive(), name: z.string() }).nullable(),
  state: z.enum(jobStates),
  /** Rows gone through; `total` is null until they are counted. A re-plan goes through its group twice. */
  done: z.int().nonnegative(),
  total: z.int().nonnegative().nullable(),
  /** Of these, rows that were changed. */
  changed: z.int().nonnegative(),
  created_at: instant,
  started_at: instant.nullable(),
  finished_at: instant.nullable(),
  /** How the last step failed; tried again while the state is not `failed`. */
  error: z.string().nullable(),
  /** Whether it may be cancelled as it stands. */
  cancellable: z.boolean(),
  /** The job that made this one needless. */
  replaced_by: z.int().positive().nullable(),
});
export type Job = z.infer<typeof job>;

export const jobPage = page(job);
export type JobPage = z.infer<typeof jobPage>;

export const jobListQuery = z.strictObject({
  ...pageQuery,
  state: oneOrMore(jobStates).optional(),
  group: parameter(256).optional(),
});
