import type { Milliseconds } from '@app/policy/observation';

/** Why nothing usable came back although nobody refused us. */
export type UnavailableCause =
  /** a status that says so: 5xx, an unexpected redirect */
  | 'http'
  /** no complete answer within the time allowed */
  | 'timeout'
  /** connection refused, reset or cut short; no such host */
  | 'network'
  /** a success whose body is no JSON: HTML, empty or truncated */
  | 'not_json'
  /** more bytes than we are willing to read */
  | 'too_large'
  /** JSON, but not the envelope of a look-up */
  | 'malformed';

/** How X treated one request as a whole. It decides about the lane, never about a profile. */
export type Upstream =
  | { readonly state: 'ok' }
  /** 429: wait until the reset (`null`: X did not say). */
  | { readonly state: 'rate_limited'; readonly resetAt: Milliseconds | null }
  /** 429 UsageCapExceeded: a daily or monthly cap; waiting 15 minutes does not help. */
  | { readonly state: 'cap_exceeded'; readonly period: string | null; readonly scope: string | null }
  /** 402: stop until somebody tops up. */
  | { readonly state: 'out_of_credit' }
  /** 403 SpendCapReached: our own spending limit in X's console. */
  | { readonly state: 'spend_cap' }
  /** 401: the bearer token. */
  | { readonly state: 'unauthorized' }
  /** 403: enrolment, tier or kind of authentication. */
  | { readonly state: 'forbidden'; readonly reason: string }
  /** 400: our bug, or X changed its names. The detail is cut short, because the body echoes the input. */
  | { readonly state: 'invalid_request'; readonly detail: string }
  /** 404 of a batch path, which always exists: a wrong base URL. */
  | { readonly state: 'not_found_path' }
  | { readonly state: 'unavailable'; readonly status: number | null; readonly cause: UnavailableCause }
  /** The caller gave up. */
  | { readonly state: 'aborted' };

/** X's own count of what is left in the window. A missing header is `null`, not "0 left". */
export interface Rate {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: Milliseconds;
}
