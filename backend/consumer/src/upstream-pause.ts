import type { Block } from '@app/database/budget';
import type { Upstream } from '@app/x-api/upstream';
import type { ConsumerSettings } from './settings.ts';

/** X's windows last 15 minutes: whoever names a later reset is not believed. */
const longestWindowMs = 16 * 60_000;

/**
 * How long no lane asks X, given how it treated the last call. Pure.
 * @param failures failed calls in a row, this one included
 * @param now milliseconds, by the clock that X's reset times are compared with: X's own
 * @returns milliseconds; 0: go on
 */
export function pauseAfter(
  upstream: Upstream,
  failures: number,
  now: number,
  settings: ConsumerSettings,
): number {
  const backoff = Math.min(settings.UPSTREAM_PAUSE_CAP_MS, settings.UPSTREAM_PAUSE_MS * 2 ** (failures - 1));
  switch (upstream.state) {
    case 'ok':
    case 'aborted':
      return 0;
    case 'rate_limited':
      if (upstream.resetAt === null) return backoff;
      return Math.min(longestWindowMs, Math.max(0, upstream.resetAt - now));
    case 'cap_exceeded':
    case 'out_of_credit':
    case 'spend_cap':
    case 'unauthorized':
    case 'forbidden':
      return settings.UPSTREAM_REFUSED_PAUSE_MS;
    case 'invalid_request':
    case 'not_found_path':
    case 'unavailable':
      return backoff;
  }
}

/** What concerns every consumer, because all spend from one account at X; the rest may be this consumer's own trouble. */
export function blockOf({ state }: Upstream): Block | null {
  switch (state) {
    case 'rate_limited':
    case 'cap_exceeded':
    case 'out_of_credit':
    case 'spend_cap':
    case 'unauthorized':
    case 'forbidden':
      return state;
    default:
      return null;
  }
}
