import { wholeNumber } from '@app/runtime/env';

/** The consumer's part in the guard against a lying source. All durations are milliseconds. */
export const sourceSettings = {
  /** How often it tells the database what it saw of X itself. */
  GUARD_FLUSH_MS: wholeNumber(50, 60_000).default(2_000),
  /** How soon a profile is looked at again whose alert is held, at least; up to fifteen times as long in a long hold. */
  GUARD_RELOOK_MS: wholeNumber(50, 3_600_000).default(60_000),
};
