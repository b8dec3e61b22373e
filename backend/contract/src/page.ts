import { z } from 'zod';

/** One parameter of an address: given once, of bounded length. */
export function parameter(longest: number) {
  return z
    .string('must be given once')
    .min(1, 'must not be empty')
    .max(longest, `must be at most ${longest} characters`);
}

/** A list of words out of a few, separated by commas. */
export function oneOrMore<const Words extends readonly [string, ...string[]]>(words: Words) {
  const known = `must be one or more of ${words.join(', ')}`;
  return parameter(200)
    .transform(text => text.split(','))
    .pipe(z.array(z.enum(words, known)));
}

/** How every list is read: `limit` at a time, from an opaque `cursor` on. */
export const pageQuery = {
  limit: parameter(10)
    .regex(/^[0-9]+$/, 'must be a whole number from 1 to 1000')
    .transform(Number)
    .pipe(z.number().min(1, 'must be at least 1').max(1_000, 'must be at most 1000'))
    .default(100),
  cursor: parameter(500).optional(),
};

/** How every list is answered. `next_cursor` is null on the last page. */
export function page<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() });
}

/** An instant in an answer: ISO 8601, UTC, with milliseconds. */
export const instant = z.iso.datetime({ precision: 3 });
