import { type Lane, lanes, type Message } from '@app/contract/message';
import type { Broker, Handler, Subscription } from '@app/rabbitmq/broker';
import type { Log } from '@app/rabbitmq/log';
import { deliveryLimit, laneLength } from '@app/rabbitmq/settings';
import { InProcessConsumer } from './in-process-consumer.ts';
import { InProcessLane } from './in-process-lane.ts';

export interface InProcessBrokerOptions {
  log: Log;
  /** As in RabbitMQ's queues. */
  deliveryLimit?: number;
  laneLength?: number;
  retryBaseMs?: number;
  /** How long `stop` and `close` wait for messages in hand. */
  drainTimeoutMs?: number;
}

/** The lanes of one process; any number of brokers may be joined to them, as connections are to one server. */
export type InProcessLanes = Record<Lane, InProcessLane>;

type Settings = Required<InProcessBrokerOptions>;

const defaults = { deliveryLimit, laneLength, retryBaseMs: 100, drainTimeoutMs: 30_000 };

/** Empty lanes. */
export function createLanes(
  options: Pick<InProcessBrokerOptions, 'deliveryLimit' | 'laneLength'>,
): InProcessLanes {
  const { deliveryLimit: limit, laneLength: length } = { ...defaults, ...options };
  const entries = lanes.map(lane => [lane, new InProcessLane(lane, limit, length)] as const);
  // The entries come from the list of all lanes, so that none is missing; fromEntries cannot say so.
  return Object.fromEntries(entries) as InProcessLanes;
}

/**
 * A broker without a server, with RabbitMQ's behaviour. It forgets everything when the process ends, which costs nothing:
 * a lost message comes due again when its lease ends, from the database.
 */
export function createInProcessBroker(
  options: InProcessBrokerOptions,
  joined = createLanes(options),
): Broker {
  return new InProcessBroker({ ...defaults, ...options }, joined);
}

class InProcessBroker implements Broker {
  readonly #settings: Settings;
  readonly #lanes: InProcessLanes;
  readonly #consumers = new Set<InProcessConsumer>();
  #closed: Promise<void> | undefined;

  constructor(settings: Settings, joined: InProcessLanes) {
    this.#settings = settings;
    this.#lanes = joined;
  }

  get connected(): boolean {
    return this.#closed === undefined;
  }

  async publish(lane: Lane, message: Message): Promise<void> {
    this.#refuseIfClosed(`not published to ${lane}`);
    this.#lanes[lane].publish(message);
  }

  async consume(lane: Lane, { prefetch }: { prefetch: number }, handler: Handler): Promise<Subscription> {
    this.#refuseIfClosed(`cannot consume ${lane}`);
    if (!Number.isInteger(prefetch) || prefetch < 1)
      throw new Error('prefetch must be a whole number above 0');
    const consumer = new InProcessConsumer({ lane: this.#lanes[lane], prefetch, handler, ...this.#settings });
    this.#consumers.add(consumer);
    return {
      pause: () => consumer.pause(),
      resume: () => consumer.resume(),
      stop: () => this.#retire(consumer),
    };
  }

  async depth(lane: Lane): Promise<number> {
    this.#refuseIfClosed(`cannot count ${lane}`);
    return this.#lanes[lane].depth;
  }

  async deadLetters(): Promise<number> {
    this.#refuseIfClosed('cannot count dead letters');
    return lanes.reduce((sum, lane) => sum + this.#lanes[lane].deadLetters, 0);
  }

  close(): Promise<void> {
    this.#closed ??= Promise.all([...this.#consumers].map(consumer => this.#retire(consumer))).then(
      () => undefined,
    );
    return this.#closed;
  }

  async #retire(consumer: InProcessConsumer): Promise<void> {
    await consumer.stop();
    this.#consumers.delete(consumer);
  }

  #refuseIfClosed(what: string): void {
    if (this.#closed) throw new Error(`${what}: the broker is closed`);
  }
}
