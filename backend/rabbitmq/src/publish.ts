import type { Lane, Message } from '@app/contract/message';
import type { ConfirmChannel } from 'amqplib';
import { ChannelKeeper } from './channel-keeper.ts';
import type { Link } from './link.ts';
import type { Settings } from './settings.ts';
import { queueOf } from './topology.ts';

/** Calls waiting for a place in the window: ten windows, then more are refused. */
const waitingWindows = 10;

interface Pending {
  queue: string;
  kind: string;
  content: Buffer;
  settle(error?: Error): void;
}

/** Publishes with confirms: a window of messages in flight, a bounded line of calls waiting for it, a timeout for each. */
export class Publisher {
  readonly keeper: ChannelKeeper<ConfirmChannel>;
  readonly #link: Link;
  readonly #settings: Settings;
  readonly #waiting: Pending[] = [];
  readonly #returned = new Set<string>();
  readonly #open = new Set<Promise<void>>();
  #inFlight = 0;
  #lastId = 0;
  #closed = false;

  constructor(link: Link, settings: Settings) {
    this.#link = link;
    this.#settings = settings;
    this.keeper = new ChannelKeeper<ConfirmChannel>({
      name: 'publish',
      settings,
      create: model => model.createConfirmChannel(),
      prepare: async channel => this.#listen(channel),
      lost: () => this.#lose(),
    });
  }

  /** Resolves when the broker has the message on disk. */
  async publish(lane: Lane, message: Message): Promise<void> {
    const refusal = this.#refusal();
    if (refusal) throw new Error(`not published to ${lane}: ${refusal}`);
    const confirmed = this.#enqueue(lane, message);
    this.#open.add(confirmed);
    try {
      await confirmed;
    } finally {
      this.#open.delete(confirmed);
    }
  }

  /** Refuses further messages and waits for the outstanding confirms, each of which has its timeout. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#open);
    await this.keeper.release();
  }

  #refusal(): string | undefined {
    if (this.#closed) return 'the broker is closed';
    if (!this.keeper.channel) return 'there is no connection to RabbitMQ';
    if (this.#link.blocked) return `RabbitMQ takes no messages (${this.#link.blocked})`;
    if (this.#waiting.length >= this.#settings.confirmWindow * waitingWindows)
      return 'too many messages wait for their confirm';
    return undefined;
  }

  #enqueue(lane: Lane, message: Message): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const pending: Pending = {
      queue: queueOf(lane, this.#settings.prefix),
      kind: message.kind,
      content: Buffer.from(JSON.stringify(message)),
      settle: error => (error ? reject(new Error(`not published to ${lane}: ${error.message}`)) : resolve()),
    };
    const timer = setTimeout(() => this.#expire(pending), this.#settings.confirmTimeoutMs);
    this.#waiting.push(pending);
    this.#send();
    return promise.finally(() => clearTimeout(timer));
  }

  /** A message in flight keeps its place in the window: its confirm may still come, and without a place nothing bounds what is sent. */
  #expire(pending: Pending): void {
    const place = this.#waiting.indexOf(pending);
    if (place >= 0) this.#waiting.splice(place, 1);
    pending.settle(new Error(`not confirmed within ${this.#settings.confirmTimeoutMs} ms`));
  }

  #send(): void {
    const channel = this.keeper.channel;
    while (channel && this.#inFlight < this.#settings.confirmWindow) {
      const pending = this.#waiting.shift();
      if (!pending) return;
      this.#write(channel, pending);
    }
  }

  #write(channel: ConfirmChannel, pending: Pending): void {
    const messageId = String(++this.#lastId);
    const properties = {
      persistent: true,
      mandatory: true,
      contentType: 'application/json',
      type: pending.kind,
      messageId,
    };
    const confirmed = (error: unknown) => this.#confirm(messageId, pending, error);
    this.#inFlight++;
    try {
      channel.publish('', pending.queue, pending.content, properties, confirmed);
    } catch {
      this.#inFlight--;
      pending.settle(new Error('connection lost')); // in this very turn, so that no confirm will be called
    }
  }

  #confirm(messageId: string, pending: Pending, error: unknown): void {
    this.#inFlight--;
    pending.settle(this.#verdict(this.#returned.delete(messageId), error));
    this.#send();
  }

  #verdict(returned: boolean, error: unknown): Error | undefined {
    if (returned) return new Error('no such queue');
    if (!(error instanceof Error)) return undefined;
    return error.message === 'message nacked'
      ? new Error('refused by RabbitMQ, the queue is full')
      : new Error(`connection lost before the confirm (${error.message})`);
  }

  /** A message without a queue comes back before its confirm, on the same channel. */
  #listen(channel: ConfirmChannel): void {
    channel.on('return', message => this.#returned.add(String(message.properties.messageId)));
  }

  /** amqplib has already called the confirms of the messages in flight; here go those that were never sent. */
  #lose(): void {
    this.#returned.clear();
    for (const pending of this.#waiting.splice(0)) pending.settle(new Error('connection lost'));
  }
}
