import { z } from 'zod';

/** X's user id: 1 to 19 digits, a positive 64-bit number, always handled as a string. */
export const userId = z
  .string()
  .regex(/^[1-9][0-9]{0,18}$/, { error: 'must be a numeric X user id of 1 to 19 digits', abort: true })
  .refine(id => id.length < 19 || BigInt(id) <= 9223372036854775807n, 'must be at most 9223372036854775807');

/** X's own pattern for usernames in requests. Some historical accounts are longer: those are reached by id only. */
export const handle = z
  .string()
  .regex(/^[A-Za-z0-9_]{1,15}$/, 'must be 1 to 15 letters, digits or underscores');

export type Reference = { readonly id: string } | { readonly handle: string };
