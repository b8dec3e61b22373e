import { z } from 'zod';

/** Faults that replace the whole answer. */
const WHOLE = [
  'rate_limited',
  'rate_limited_code88',
  'usage_cap',
  'credits',
  'credits_new',
  'unauthorized',
  'client_forbidden',
  'unsupported_authentication',
  'spend_cap',
  'invalid_request',
  'not_found',
  'server_error',
  'bad_gateway',
  'unavailable',
  'gateway_timeout',
  'html_200',
  'empty_body',
] as const;

/** Faults of the connection. */
const CONNECTION = ['reset', 'reset_midway', 'timeout'] as const;

/** Faults inside a 200. */
const INSIDE = [
  'truncated_json',
  'missing_field',
  'duplicate_items',
  'reordered',
  'unasked_items',
  'errors_only',
  'errors_without_type',
  'errors_of_other_host',
  'errors_of_includes',
  'partial_drop',
  'malformed_items',
] as const;

export type WholeFault = (typeof WHOLE)[number];
export type InsideFault = (typeof INSIDE)[number];
export type FaultKind = WholeFault | InsideFault | (typeof CONNECTION)[number];

/** Every kind of fault that a share of the requests can meet. */
export const everyFault: readonly FaultKind[] = [...WHOLE, ...CONNECTION, ...INSIDE];

const whole: ReadonlySet<string> = new Set(WHOLE);
const inside: ReadonlySet<string> = new Set(INSIDE);
export const isWhole = (kind: FaultKind | null): kind is WholeFault => kind !== null && whole.has(kind);
export const isInside = (kind: FaultKind | null): kind is InsideFault => kind !== null && inside.has(kind);

const profileFault = z.enum([
  'suspended',
  'not_found',
  'protected',
  'missing_field',
  'not_answered',
  'malformed',
]);
export type ProfileFault = z.infer<typeof profileFault>;

const portion = z.number().min(0).max(1);
/** A longer delay than this is no latency but the kind `timeout`. */
const delay = z.number().min(0).max(600_000);

/** Every switch, all of them combinable. */
const faultsShape = z.strictObject({
  /** The share of requests that meet one of `kinds`, drawn by a die that starts from `seed`. */
  share: portion,
  kinds: z.array(z.enum([...WHOLE, ...CONNECTION, ...INSIDE])),
  seed: z.int(),
  /** When a simulated 429 says that it ends. */
  resetSeconds: z.number().min(0).max(86_400),
  /** What happens to single profiles, by id, in every answer. A change replaces the whole list. */
  profiles: z.record(z.string().regex(/^[1-9][0-9]{0,18}$/), profileFault),
  latencyMs: z.union([delay, z.strictObject({ min: delay, max: delay })]),
  /** Nothing works: connections are reset, or everything is a 503. */
  outage: z.enum(['none', 'reset', 'unavailable']),
  /** Answers show the world as it was at that time, with 200 and no error. */
  frozenAt: z.number().nullable(),
  /** The last-post field is silently absent: for all profiles, or for that share of them. */
  missingField: z.union([z.boolean(), portion]),
  /** Answers in these names, whatever was asked. */
  vocabulary: z.enum(['tweet', 'post']).nullable(),
});

export type Faults = Readonly<z.infer<typeof faultsShape>>;

/** What `PUT /control/faults` takes: the named switches change, the others stay. */
export const faultsChange = faultsShape.partial();

export const noFaults: Faults = {
  share: 0,
  kinds: [],
  seed: 1,
  resetSeconds: 1,
  profiles: {},
  latencyMs: 0,
  outage: 'none',
  frozenAt: null,
  missingField: false,
  vocabulary: null,
};

const isOrdered = ({ latencyMs }: Faults): boolean =>
  typeof latencyMs === 'number' || latencyMs.min <= latencyMs.max;

/** The faults after a change; nonsense throws a ZodError. */
export const changeFaults = (faults: Faults, change: unknown): Faults => {
  const known = faultsChange.parse(change);
  const given = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  return faultsShape.refine(isOrdered, 'latencyMs: min is above max').parse({ ...faults, ...given });
};
