import type { Channel, ChannelModel } from 'amqplib';
import { reasonOf } from './address.ts';
import { retryDelay } from './retry-delay.ts';
import type { Settings } from './settings.ts';
import { within } from './within.ts';

/** Something that lives on a connection and is set up again on every new one. */
export interface Part {
  /** Never rejects: what fails on this connection is tried again. */
  attach(model: ChannelModel): Promise<void>;
  /** The connection is gone. */
  detach(): void;
}

interface Duties<C extends Channel> {
  /** For the log. */
  name: string;
  settings: Pick<Settings, 'log' | 'answerTimeoutMs'>;
  create(model: ChannelModel): Promise<C>;
  /** Makes a new channel ready for use. */
  prepare?(channel: C): Promise<void>;
  /** The channel is closed; nothing can be sent on it any more. */
  lost?(channel: C): void;
}

/** An answer to a channel's set-up that takes this long means a server in trouble, and the channel is tried again. */
const openTimeoutMs = 10_000;

/**
 * Keeps one channel open: opens it on every new connection, and again, with growing delays, when it alone was closed
 * (its queue was deleted, a message was held longer than the server's `consumer_timeout`). The other channels go on.
 */
export class ChannelKeeper<C extends Channel> implements Part {
  readonly #duties: Duties<C>;
  #model: ChannelModel | undefined;
  #channel: C | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;

  constructor(duties: Duties<C>) {
    this.#duties = duties;
  }

  /** The open channel, if there is one at this moment. */
  get channel(): C | undefined {
    return this.#channel;
  }

  async attach(model: ChannelModel): Promise<void> {
    this.detach();
    this.#model = model;
    await this.#open(model);
  }

  detach(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#model = undefined;
    this.#failures = 0;
  }

  /** Closes the channel for good. What was sent on it before is processed first. */
  async release(): Promise<void> {
    const channel = this.#channel;
    this.detach();
    if (channel) await this.#close(channel);
  }

  /** Gives this channel up, so that another is opened. */
  async renew(channel: C): Promise<void> {
    await this.#close(channel);
  }

  async #open(model: ChannelModel): Promise<void> {
    const creating = this.#create(model);
    try {
      const channel = await within(openTimeoutMs, 'opening a channel', creating);
      await within(
        openTimeoutMs,
        'preparing a channel',
        this.#duties.prepare?.(channel) ?? Promise.resolve(),
      );
      if (this.#model !== model) return await this.#close(channel);
      this.#channel = channel;
      this.#failures = 0;
    } catch (error) {
      this.#openLater(model, error);
      creating.then(channel => this.#close(channel)).catch(() => undefined); // also one that comes after the timeout
    }
  }

  async #create(model: ChannelModel): Promise<C> {
    const channel = await this.#duties.create(model);
    let cause: unknown = new Error('closed');
    channel.on('error', error => {
      cause = error;
    });
    channel.on('close', () => {
      if (this.#channel === channel) this.#channel = undefined;
      this.#duties.lost?.(channel);
      this.#openLater(model, cause);
    });
    return channel;
  }

  /** When the whole connection is gone, `detach` follows at once and takes the timer back, and the log line with it. */
  #openLater(model: ChannelModel, error: unknown): void {
    if (this.#model !== model || this.#timer) return;
    const delay = retryDelay(this.#failures++, 100) * (0.5 + Math.random());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const { settings, name } = this.#duties;
      settings.log.warn({ channel: name, reason: reasonOf(error) }, 'channel was closed, opening it again');
      void this.#open(model);
    }, delay);
  }

  /** A channel that is closed already, or whose connection is gone, needs no closing. */
  async #close(channel: Channel): Promise<void> {
    try {
      await within(this.#duties.settings.answerTimeoutMs, 'closing a channel', channel.close());
    } catch {
      // nothing is left to close
    }
  }
}
