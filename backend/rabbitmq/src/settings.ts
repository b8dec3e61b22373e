import type { Log } from './log.ts';

export interface RabbitMqOptions {
  /** `amqp://user:password@host:5672/vhost` or `amqps://…`. */
  url: string;
  log: Log;
  /** Put before every queue and exchange name, so that several systems can share one virtual host. */
  prefix?: string;
  /** Shown in RabbitMQ's management console. */
  connectionName?: string;
  /** How long the first connection may take before `connectRabbitMq` rejects. Later ones are tried for ever. */
  connectTimeoutMs?: number;
  /** A dead peer is noticed after two of these. */
  heartbeatSeconds?: number;
  /** Messages published and not yet confirmed; more calls wait. */
  confirmWindow?: number;
  /** From the call of `publish`, waiting included. */
  confirmTimeoutMs?: number;
  /** How long the server may take to answer a request, such as to cancel, to count or to close. */
  answerTimeoutMs?: number;
  /** How long `stop` and `close` wait for messages in hand. */
  drainTimeoutMs?: number;
  /** Delay of the first redelivery after `retry`; it doubles each time, up to 5 s. */
  retryBaseMs?: number;
  /** Redeliveries before a message is dead-lettered; part of the queue's declaration. */
  deliveryLimit?: number;
  /** Ready messages a lane may hold; part of the queue's declaration. */
  laneLength?: number;
}

export type Settings = Required<RabbitMqOptions>;

/**
 * Ten redeliveries, not three: with a prefetch above 1, innocent messages share the crash loop of a poisoned
 * neighbour and are counted with it; and below 4.3 a lost connection counts too. Their delays add up to 26 s.
 */
export const deliveryLimit = 10;

/** 10,000 messages are up to 1,000,000 checks, far beyond what the producer lets wait: a stop, not a working size. About 25 MB. */
export const laneLength = 10_000;

const defaults = {
  prefix: '',
  connectionName: 'twitter-activity-monitor',
  connectTimeoutMs: 30_000,
  heartbeatSeconds: 10,
  /** From 20 to 200 in flight is the last big gain in throughput; 10,000 only adds latency (RabbitMQ, docs/confirms). */
  confirmWindow: 200,
  confirmTimeoutMs: 10_000,
  answerTimeoutMs: 5_000,
  drainTimeoutMs: 30_000,
  retryBaseMs: 100,
  deliveryLimit,
  laneLength,
};

/** The options with everything filled in. */
export function settingsOf(options: RabbitMqOptions): Settings {
  return { ...defaults, ...options };
}
