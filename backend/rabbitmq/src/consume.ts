import type { Lane } from '@app/contract/message';
import type { Channel, ConsumeMessage } from 'amqplib';
import type { Handler, Outcome, Subscription } from './broker.ts';
import { ChannelKeeper } from './channel-keeper.ts';
import { outcomeOf } from './outcome.ts';
import { parsed } from './parsed.ts';
import { rest, retryDelay } from './retry-delay.ts';
import type { Settings } from './settings.ts';
import { assertLane, queueOf } from './topology.ts';
import { within } from './within.ts';

/** A message with the channel it came on: only there can it be answered. */
interface Delivery {
  message: ConsumeMessage;
  channel: Channel;
  /** Aborted when waiting before the answer has become pointless. */
  hurry: AbortSignal;
}

export interface Assignment {
  lane: Lane;
  prefetch: number;
  handler: Handler;
}

/** Consumes one lane on a channel of its own. The only place that acknowledges and rejects. */
export class Consumer implements Subscription {
  readonly keeper: ChannelKeeper<Channel>;
  readonly #job: Assignment;
  readonly #settings: Settings;
  #wanted: 'running' | 'paused' | 'stopped' = 'running';
  #channel: Channel | undefined;
  #tag: string | undefined;
  #turn: Promise<void> = Promise.resolve();
  #hurry = new AbortController();
  #begun = 0;
  #delivered: Delivery[] = []; // not begun; at most `prefetch`
  #idle = Promise.withResolvers<void>();
  #stopped: Promise<void> | undefined;
  #ready = false;

  constructor(job: Assignment, settings: Settings) {
    this.#job = job;
    this.#settings = settings;
    this.keeper = new ChannelKeeper<Channel>({
      name: `consume ${job.lane}`,
      settings,
      create: model => model.createChannel(),
      prepare: channel => this.#prepare(channel),
      lost: channel => this.#lose(channel),
    });
  }

  /** Lets the handler be called, in a turn after this one: by then the caller holds the subscription, which its handler may use. */
  ready(): void {
    setImmediate(() => {
      this.#ready = true;
      if (this.#wanted === 'running') this.#begin();
    });
  }

  pause(): Promise<void> {
    return this.#want('paused');
  }

  resume(): Promise<void> {
    return this.#want('running');
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const want = this.#want('stopped');
    this.#hurry.abort();
    await want;
    await this.#drain();
    await this.keeper.release();
  }

  async #want(state: 'running' | 'paused' | 'stopped'): Promise<void> {
    if (this.#wanted === 'stopped') return;
    this.#wanted = state;
    const channel = this.#channel;
    // A channel that fails here is given up; the next one begins as wanted.
    if (channel) await this.#adjust(channel).catch(() => this.keeper.renew(channel));
  }

  async #prepare(channel: Channel): Promise<void> {
    this.#channel = channel;
    this.#hurry = new AbortController();
    await assertLane(channel, this.#job.lane, this.#settings); // heals a deleted queue
    await channel.prefetch(this.#job.prefetch);
    await this.#adjust(channel);
  }

  /** One change at a time. */
  #adjust(channel: Channel): Promise<void> {
    const done = this.#turn.then(() => this.#subscribe(channel));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Begins or ends the subscription until it is as wanted, which may change meanwhile. */
  async #subscribe(channel: Channel): Promise<void> {
    while (this.#channel === channel && (this.#wanted === 'running') !== (this.#tag !== undefined)) {
      if (this.#tag === undefined) this.#tag = await this.#subscribeTo(channel);
      else await this.#unsubscribe(channel, this.#tag);
    }
    if (this.#wanted === 'running') this.#begin();
    else this.#giveBack();
  }

  async #subscribeTo(channel: Channel): Promise<string> {
    const queue = queueOf(this.#job.lane, this.#settings.prefix);
    const consuming = channel.consume(queue, message => this.#take(channel, message));
    return (await within(this.#settings.answerTimeoutMs, 'consuming', consuming)).consumerTag;
  }

  async #unsubscribe(channel: Channel, tag: string): Promise<void> {
    await within(this.#settings.answerTimeoutMs, 'cancelling', channel.cancel(tag));
    this.#tag = undefined;
  }

  /** While a cancel is under way, messages only gather: given back before it is done, they would come again. */
  #take(channel: Channel, message: ConsumeMessage | null): void {
    if (!message) return void this.keeper.renew(channel); // the server ended it, because the queue was deleted
    this.#delivered.push({ message, channel, hurry: this.#hurry.signal });
    if (this.#wanted === 'running') this.#begin();
  }

  /** RabbitMQ keeps to the prefetch per channel; we keep to it also while messages of a lost channel are still in hand. */
  #begin(): void {
    while (this.#ready && this.#begun < this.#job.prefetch) {
      const delivery = this.#delivered.shift();
      if (!delivery) return;
      void this.#handle(delivery);
    }
  }

  async #handle(delivery: Delivery): Promise<void> {
    this.#begun++;
    this.#answer(delivery, await this.#outcome(delivery));
    if (--this.#begun === 0) this.#idle.resolve();
    this.#begin();
  }

  async #outcome({ message, hurry }: Delivery): Promise<Outcome> {
    const { lane, handler } = this.#job;
    const { log, retryBaseMs, deliveryLimit } = this.#settings;
    const result = parsed(message.content);
    if (!result.success) {
      log.error({ lane, reason: result.reason, excerpt: result.excerpt }, 'malformed message dead-lettered');
      return 'reject';
    }
    const outcome = await outcomeOf(handler, lane, result.data, log);
    const before = redeliveries(message);
    if (outcome === 'retry' && before < deliveryLimit) await rest(retryDelay(before, retryBaseMs), hurry);
    return outcome;
  }

  /** A failure is a reject, not a nack: since RabbitMQ 4.3 a nack does not count towards the delivery limit. */
  #answer({ message, channel }: Delivery, outcome: Outcome): void {
    try {
      if (outcome === 'done') channel.ack(message);
      else channel.reject(message, outcome === 'retry');
    } catch {
      // The channel is dead, so the message is delivered again: handlers may repeat.
      this.#settings.log.debug(
        { lane: this.#job.lane, outcome },
        'answer not sent, the message will be delivered again',
      );
    }
  }

  /** Not begun is not failed: a nack, which 4.3 does not count (older servers do). */
  #giveBack(): void {
    for (const { message, channel } of this.#delivered.splice(0)) {
      try {
        channel.nack(message, false, true);
      } catch {
        // The channel is dead, so the message has gone back already.
      }
    }
  }

  #lose(channel: Channel): void {
    if (this.#channel !== channel) return;
    this.#channel = undefined;
    this.#tag = undefined;
    this.#delivered = [];
    this.#hurry.abort();
  }

  async #drain(): Promise<void> {
    if (this.#begun === 0) return;
    this.#idle = Promise.withResolvers<void>();
    await within(this.#settings.drainTimeoutMs, 'the messages in hand', this.#idle.promise).catch(() => {
      this.#settings.log.warn(
        { lane: this.#job.lane, in_hand: this.#begun },
        'stopped before every message in hand was finished, they will be delivered again',
      );
    });
  }
}

/** RabbitMQ sets the header from the second delivery on. */
function redeliveries(message: ConsumeMessage): number {
  const count: unknown = message.properties.headers?.['x-delivery-count'];
  return typeof count === 'number' ? count : 0;
}
