import { z } from 'zod';
import { grace, threshold } from './duration.ts';
import { instant, parameter } from './page.ts';

/** What is asked: a rule to try (absent: the profile's own) on the last `days`. */
export const backTestQuery = z.strictObject({
  threshold: threshold.optional(),
  grace: grace.optional(),
  days: parameter(10)
    .regex(/^[0-9]+$/, 'must be a whole number from 1 to 3650')
    .transform(Number)
    .pipe(z.number().min(1, 'must be at least 1').max(3_650, 'must be at most 3650'))
    .default(90),
});

/**
 * The alerts that a rule would have raised, reckoned from the activity that was seen. Between two looks only the newest
 * act is seen, so a threshold shorter than the time between looks can show silences that were none.
 */
export const backTestResult = z.object({
  threshold: z.int().positive(),
  grace: z.int().nonnegative(),
  from: instant,
  until: instant,
  fired: z.int().nonnegative(),
  episodes: z.array(z.object({ since: instant, due: instant, end: instant.nullable() })),
});
export type BackTestResult = z.infer<typeof backTestResult>;
