import type { Duplex } from 'node:stream';
import { type ChannelModel, connect, type RecoveringChannelModel } from 'amqplib';
import { type Address, addressOf, reasonOf } from './address.ts';
import type { Part } from './channel-keeper.ts';
import { complaint, refused } from './complaint.ts';
import type { Settings } from './settings.ts';
import { assertTopology } from './topology.ts';
import { Unusable } from './unusable.ts';
import { within } from './within.ts';

const setupTimeoutMs = 30_000;

/** From 0.1–0.3 s to 5–10 s between tries: half of it chance, so that a hundred processes do not return in one instant. */
const backoff = { initialDelay: 200, maxDelay: 10_000, factor: 2, jitter: 0.5 };

/** The connection to RabbitMQ, which comes back by itself, and the parts that live on it. */
export class Link {
  readonly #settings: Settings;
  readonly #address: Address;
  readonly #parts = new Set<Part>();
  readonly #ended = new AbortController();
  #connection: RecoveringChannelModel | undefined;
  #model: ChannelModel | undefined;
  #blocked: string | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#address = addressOf(settings.url, settings.heartbeatSeconds);
  }

  get connected(): boolean {
    return this.#model !== undefined;
  }

  /** Why the server takes no messages at this moment: it is short of memory or disk. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  /** Connects for the first time. */
  async open(): Promise<void> {
    // Typed apart: `signal` is net.connect's own option, which amqplib passes on without declaring it.
    const socket = {
      noDelay: true,
      keepAlive: true,
      timeout: 10_000, // of the handshake only
      signal: this.#ended.signal,
      clientProperties: { connection_name: this.#settings.connectionName },
      recovery: { ...backoff, waitForConnect: false, setup: (model: ChannelModel) => this.#setUp(model) },
    };
    this.#connection = await connect(this.#address.href, socket);
    this.#watch(this.#connection);
    try {
      await firstConnection(this.#connection, this.#settings.connectTimeoutMs);
    } catch (error) {
      await this.close();
      throw new Error(complaint(error, this.#address.shown), { cause: error });
    }
  }

  /** Sets the part up now and on every later connection. */
  async add(part: Part): Promise<void> {
    this.#parts.add(part);
    if (this.#model) await part.attach(this.#model);
  }

  remove(part: Part): void {
    this.#parts.delete(part);
  }

  async close(): Promise<void> {
    const model = this.#model;
    this.#lose();
    const closing = this.#connection?.close() ?? Promise.resolve();
    await within(this.#settings.answerTimeoutMs, 'closing the connection', closing).catch(() => undefined);
    if (model) await destroySocket(model);
    this.#ended.abort();
  }

  async #setUp(model: ChannelModel): Promise<void> {
    model.on('error', () => undefined); // amqplib listens only after the set-up, and an error nobody listens to ends the process
    model.on('handler-error', error =>
      this.#settings.log.error({ err: error }, 'a listener of the connection failed'),
    );
    try {
      await within(setupTimeoutMs, 'setting the connection up', this.#furnish(model));
    } catch (error) {
      this.#lose();
      await destroySocket(model);
      throw error;
    }
    this.#model = model;
  }

  async #furnish(model: ChannelModel): Promise<void> {
    await assertTopology(model, this.#settings);
    for (const part of this.#parts) await part.attach(model);
  }

  #watch(connection: RecoveringChannelModel): void {
    const { log } = this.#settings;
    const broker = this.#address.shown;
    connection.on('connect', model => {
      log.info({ broker, version: model.connection.serverProperties.version }, 'connected to RabbitMQ');
    });
    connection.on('disconnect', error => {
      this.#lose();
      log.warn({ broker, reason: reasonOf(error) }, 'connection to RabbitMQ lost, reconnecting');
    });
    connection.on('reconnect-scheduled', ({ attempt, delay, error }) => {
      log.warn(
        { broker, attempt, delay_ms: delay, reason: reasonOf(error) },
        'no connection to RabbitMQ, trying again',
      );
    });
    connection.on('blocked', reason => {
      this.#blocked = reason;
      log.error({ broker, reason }, 'RabbitMQ takes no messages: it is short of memory or disk');
    });
    connection.on('unblocked', () => {
      this.#blocked = undefined;
      log.info({ broker }, 'RabbitMQ takes messages again');
    });
    connection.on('error', error => log.debug({ broker, err: error }, 'connection error')); // 'disconnect' follows
  }

  #lose(): void {
    this.#model = undefined;
    this.#blocked = undefined;
    for (const part of this.#parts) part.detach();
  }
}

/** Resolves on the first connection; rejects after the timeout, or at once when trying again is pointless. */
function firstConnection(connection: RecoveringChannelModel, timeoutMs: number): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  let last: Error | undefined;
  const timer = setTimeout(() => reject(last ?? new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
  connection.on('connect-failed', error => {
    last = error;
    if (error instanceof Unusable || refused(error)) reject(error);
  });
  connection.waitForConnect().then(resolve, reject);
  return promise.finally(() => clearTimeout(timer));
}

/**
 * Ends the connection without waiting for the peer's farewell: amqplib's own `close` waits for ever when the peer is dead.
 * The socket is amqplib's undeclared `stream` (lib/connection.js), hence the cast.
 */
async function destroySocket(model: ChannelModel): Promise<void> {
  const { stream } = model.connection as unknown as { stream: Duplex };
  if (stream.closed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('close', () => resolve());
  stream.destroy(new Error('connection given up'));
  await within(1_000, 'destroying the socket', promise).catch(() => undefined);
}
