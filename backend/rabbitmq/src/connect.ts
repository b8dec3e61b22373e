import type { Lane } from '@app/contract/message';
import type { Channel } from 'amqplib';
import type { Broker, Handler, Subscription } from './broker.ts';
import { ChannelKeeper } from './channel-keeper.ts';
import { Consumer } from './consume.ts';
import { Link } from './link.ts';
import { Publisher } from './publish.ts';
import { type RabbitMqOptions, type Settings, settingsOf } from './settings.ts';
import { deadLettersOf, queueOf } from './topology.ts';
import { within } from './within.ts';

/** Connects to RabbitMQ and declares the queues. Rejects with what a person has to do; later losses heal by themselves. */
export async function connectRabbitMq(options: RabbitMqOptions): Promise<Broker> {
  const settings = settingsOf(options);
  const link = new Link(settings);
  await link.open();
  const broker = new RabbitMqBroker(link, settings);
  await broker.start();
  return broker;
}

class RabbitMqBroker implements Broker {
  readonly #link: Link;
  readonly #settings: Settings;
  readonly #publisher: Publisher;
  readonly #counter: ChannelKeeper<Channel>;
  readonly #consumers = new Set<Consumer>();
  #closed: Promise<void> | undefined;

  constructor(link: Link, settings: Settings) {
    this.#link = link;
    this.#settings = settings;
    this.#publisher = new Publisher(link, settings);
    // A channel of its own: asking after a queue that is gone closes the channel it is asked on.
    this.#counter = new ChannelKeeper({
      name: 'count',
      settings,
      create: model => model.createChannel(),
    });
  }

  async start(): Promise<void> {
    await this.#link.add(this.#publisher.keeper);
    await this.#link.add(this.#counter);
  }

  get connected(): boolean {
    return this.#link.connected;
  }

  publish: Broker['publish'] = (lane, message) => this.#publisher.publish(lane, message);

  async consume(lane: Lane, { prefetch }: { prefetch: number }, handler: Handler): Promise<Subscription> {
    if (this.#closed) throw new Error(`cannot consume ${lane}: the broker is closed`);
    if (!Number.isInteger(prefetch) || prefetch < 1)
      throw new Error('prefetch must be a whole number above 0');
    const consumer = new Consumer({ lane, prefetch, handler }, this.#settings);
    this.#consumers.add(consumer);
    await this.#link.add(consumer.keeper);
    consumer.ready();
    return {
      pause: () => consumer.pause(),
      resume: () => consumer.resume(),
      stop: () => this.#retire(consumer),
    };
  }

  depth(lane: Lane): Promise<number> {
    return this.#count(queueOf(lane, this.#settings.prefix));
  }

  deadLetters(): Promise<number> {
    return this.#count(deadLettersOf(this.#settings.prefix));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map(consumer => this.#retire(consumer)));
    await this.#publisher.close();
    await this.#link.close();
  }

  async #retire(consumer: Consumer): Promise<void> {
    await consumer.stop();
    this.#link.remove(consumer.keeper);
    this.#consumers.delete(consumer);
  }

  async #count(queue: string): Promise<number> {
    const channel = this.#counter.channel;
    if (!channel) throw new Error(`cannot count ${queue}: there is no connection to RabbitMQ`);
    return (await within(this.#settings.answerTimeoutMs, `counting ${queue}`, channel.checkQueue(queue)))
      .messageCount;
  }
}
