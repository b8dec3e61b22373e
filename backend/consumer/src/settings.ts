import { address, wholeNumber } from '@app/runtime/env';
import type { Log } from '@app/runtime/log';
import type { XApiOptions } from '@app/x-api/client';
import { z } from 'zod';

const ms = (min: number, max: number) => wholeNumber(min, max);
const hour = 3_600_000;

/** Settings of the consumer, by their names in the environment. All durations are milliseconds. */
export const consumerSettings = {
  /** Messages in hand at once, per lane. Each is one call to X. */
  CONSUMER_PREFETCH: wholeNumber(1, 100).default(4),
  /** Two looks must agree before an alert; this is how far apart they are at least. */
  CONFIRM_DELAY_MS: ms(1, hour).default(60_000),
  /** K of the square-root rule: how often a profile that posts once a day is looked at. */
  FRESHNESS_K_MS: ms(1, 365 * 24 * hour).default(24 * hour),
  /** Freshness is never bought more often than this. */
  FRESHNESS_FLOOR_MS: ms(1, 24 * hour).default(60_000),
  /** The wait after a look without evidence; doubles with each in a row … */
  RETRY_BASE_MS: ms(1, hour).default(5_000),
  /** … up to this. */
  RETRY_CAP_MS: ms(1, 24 * hour).default(15 * 60_000),
  /** How long no lane asks X after a failed call; doubles with each in a row … */
  UPSTREAM_PAUSE_MS: ms(1, hour).default(1_000),
  /** … up to this. */
  UPSTREAM_PAUSE_CAP_MS: ms(1, hour).default(60_000),
  /** How long no lane asks X when it says that credit or a cap is used up, or the token is refused. */
  UPSTREAM_REFUSED_PAUSE_MS: ms(1, 24 * hour).default(15 * 60_000),
};

/** How X is reached. */
export const xApiSettings = {
  X_API_URL: address('http:', 'https:').default('https://api.x.com'),
  X_BEARER_TOKEN: z.string('must be the bearer token of your X app'),
  /** Which names the request uses for "most recent post": X renamed them in August 2026. Both are understood in answers. */
  X_API_VOCABULARY: z.enum(['tweet', 'post']).default('tweet'),
  X_API_TIMEOUT_MS: ms(100, 120_000).default(10_000),
  X_API_CONNECTIONS: wholeNumber(1, 256).default(8),
};

type ValuesOf<Shape extends Record<string, z.ZodType>> = {
  readonly [Name in keyof Shape]: z.infer<Shape[Name]>;
};
export type ConsumerSettings = ValuesOf<typeof consumerSettings>;
export type XApiSettings = ValuesOf<typeof xApiSettings>;

/** The client's options, as the settings say. */
export function xApiOptionsOf(settings: XApiSettings, log: Log): XApiOptions {
  return {
    baseUrl: settings.X_API_URL,
    bearerToken: settings.X_BEARER_TOKEN,
    vocabulary: settings.X_API_VOCABULARY,
    timeoutMs: settings.X_API_TIMEOUT_MS,
    connections: settings.X_API_CONNECTIONS,
    log,
  };
}
