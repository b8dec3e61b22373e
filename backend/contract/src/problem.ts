import { z } from 'zod';

/** Every kind of refusal the API knows. The kind is the last part of the problem's `type`: a stable name to program against. */
export const problemKinds = [
  'invalid-request',
  'invalid-json',
  'invalid-csv',
  'invalid-parameter',
  'invalid-cursor',
  'not-found',
  'method-not-allowed',
  'request-timeout',
  'conflict',
  'too-large',
  'unsupported-media-type',
  'too-many-imports',
  'unavailable',
  'internal-error',
] as const;
export type ProblemKind = (typeof problemKinds)[number];

/** One wrong thing: a JSON pointer into the body, or the name of a parameter of the address. */
const fault = z.object({
  pointer: z.string().optional(),
  parameter: z.string().optional(),
  detail: z.string(),
});
export type Fault = z.infer<typeof fault>;

/** RFC 9457: how every refusal looks. */
export const problem = z.object({
  type: z.string().startsWith('/problems/'),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  instance: z.string(),
  /** Also in the header x-request-id, and in the log. */
  request_id: z.string(),
  errors: z.array(fault).optional(),
  /** Where that which is already there can be read. */
  existing: z.string().optional(),
});
export type Problem = z.infer<typeof problem>;
