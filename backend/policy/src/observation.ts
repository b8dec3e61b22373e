/**
 * An observation is what X answered about one profile, unjudged. It lives in memory only.
 * Times are milliseconds since 1970 (UTC); ids are decimal strings, because they exceed 2^53.
 */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Milliseconds = number;

/**
 * The newest post that X names.
 * - `at`: its exact time is in its snowflake id
 * - `before_2010`: a sequential id from before snowflakes, which holds no time ("before November 2010")
 * - `none`: X says that the account has made no post at all (a post count of 0)
 * - `missing`: X left the field out although there are posts, or sent one that cannot be true: no evidence of anything
 */
export type LastPost =
  | { readonly kind: 'at'; readonly id: string; readonly at: Milliseconds }
  | { readonly kind: 'before_2010'; readonly id: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'missing' };

/** The account stood in `data`: everything that one look shows of it. `null` means that X did not say. */
export interface Seen {
  readonly kind: 'seen';
  readonly id: string;
  readonly handle: string;
  readonly name: string | null;
  readonly createdAt: Milliseconds | null;
  readonly protected: boolean;
  readonly lastPost: LastPost;
  readonly postCount: number | null;
  readonly likeCount: number | null;
  readonly followingCount: number | null;
  /** Changes when the account edits its profile (name, description, pictures, …); never stored as text. */
  readonly profileHash: string | null;
}

/** X said why it shows nothing: a state of its own, never "inactive". */
export interface Gone {
  readonly kind: 'suspended' | 'not_found';
}

/** X said nothing usable about this profile: no evidence, look again. */
export interface Unknown {
  readonly kind: 'unknown';
  readonly reason: UnknownReason;
}

export type UnknownReason =
  /** asked for, but neither in `data` nor in `errors` */
  | 'not_answered'
  /** an item that stood in the answer but could not be read */
  | 'malformed'
  /** an error about this user of a type that says neither suspended nor not found */
  | 'unexplained_error'
  /** refused before sending: not a valid id or handle */
  | 'invalid_reference'
  /** the whole request failed; `Upstream` says how */
  | 'request_failed';

export type Observation = Seen | Gone | Unknown;
