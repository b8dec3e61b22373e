import type { Upstream } from '@app/x-api/upstream';
import type { ConsumerSettings } from './settings.ts';

/** Released together, all consumers would ask at the same instant. */
const jitterMs = 1_000;

/**
 * How long no lane asks X, given how it treated the last call. Pure.
 * @param failures failed calls in a row, this one included
 * @param now milliseconds, by the clock that X's reset times are compared with
 * @returns milliseconds; 0: go on
 */
export function pauseAfter(
  upstream: Upstream,
  failures: number,
  now: number,
  random: number,
  settings: ConsumerSettings,
): number {
  const backoff = Math.min(settings.UPSTREAM_PAUSE_CAP_MS, settings.UPSTREAM_PAUSE_MS * 2 ** (failures - 1));
  switch (upstream.state) {
    case 'ok':
    case 'aborted':
      return 0;
    case 'rate_limited':
      return upstream.resetAt === null ? backoff : Math.max(0, upstream.resetAt - now) + random * jitterMs;
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
