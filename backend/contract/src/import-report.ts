import { z } from 'zod';

/** Columns that name the profile; an import file has exactly one of them. */
export const referenceColumns = ['profile', 'handle', 'id', 'url'] as const;
export const policyColumns = ['group', 'threshold', 'grace', 'basis'] as const;
export const importColumns = [...referenceColumns, ...policyColumns] as const;
export type ImportColumn = (typeof importColumns)[number];

const rejectedLine = z.object({
  line: z.int().positive(),
  /** What stood there, cut to 100 characters. */
  value: z.string(),
  reason: z.string(),
});
export type RejectedLine = z.infer<typeof rejectedLine>;

/** What became of an import: `lines` = `created` + `duplicates` + `rejected_count`. */
export const importReport = z.object({
  lines: z.int().nonnegative(),
  created: z.int().nonnegative(),
  duplicates: z.int().nonnegative(),
  /** The first 1000 lines that named a profile that is watched already, or stood further up. */
  duplicate_lines: z.array(z.int().positive()),
  rejected_count: z.int().nonnegative(),
  rejected: z.array(rejectedLine),
});
export type ImportReport = z.infer<typeof importReport>;
