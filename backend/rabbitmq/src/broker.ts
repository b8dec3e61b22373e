import type { Lane, Message } from '@app/contract/message';

/**
 * What became of a message. Only the broker turns it into an AMQP answer.
 * - `done`: acknowledged, gone
 * - `retry`: delivered again after a growing delay, at most `deliveryLimit` times, then dead-lettered
 * - `reject`: dead-lettered at once, because no second try can help
 */
export type Outcome = 'done' | 'retry' | 'reject';

/** A handler that throws counts as `retry`. */
export type Handler = (message: Message) => Promise<Outcome>;

/** One lane being consumed. */
export interface Subscription {
  /** Takes no further message until `resume`; what was delivered but not begun goes back to the queue. Never waits for a handler, so a handler may call it. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /**
   * Takes no further message and waits until every message in hand has its outcome, `drainTimeoutMs` at most;
   * what is still in hand then is delivered to another consumer. A handler must not wait for it.
   */
  stop(): Promise<void>;
}

/** Transport of messages: RabbitMQ, or the broker inside the process with the same behaviour (and the same contract tests). */
export interface Broker {
  /** Resolves when the broker has confirmed the message; rejects when it was refused, not routed or not confirmed in time, and at once while there is no connection. */
  publish(lane: Lane, message: Message): Promise<void>;
  /** `prefetch`: how many messages may be in hand at once. The handler is not called before this has resolved. While the connection is lost it resolves all the same, and consuming begins when it is back. */
  consume(lane: Lane, options: { prefetch: number }, handler: Handler): Promise<Subscription>;
  /** Messages ready in the lane, not yet delivered. */
  depth(lane: Lane): Promise<number>;
  /** Messages of all lanes that were given up, kept for a person to look at (bounded; the oldest go first). */
  deadLetters(): Promise<number>;
  /** False while the connection is lost; it comes back by itself. */
  readonly connected: boolean;
  /** Stops every subscription, waits for outstanding confirms, closes the connection. Bounded in time. */
  close(): Promise<void>;
}
