import type { Handler, Outcome, Subscription } from '@app/rabbitmq/broker';
import type { Log } from '@app/rabbitmq/log';
import { outcomeOf } from '@app/rabbitmq/outcome';
import { rest, retryDelay } from '@app/rabbitmq/retry-delay';
import { within } from '@app/rabbitmq/within';
import { type InProcessLane, type Letter, read, type Taker } from './in-process-lane.ts';

interface Job {
  lane: InProcessLane;
  prefetch: number;
  handler: Handler;
  log: Log;
  retryBaseMs: number;
  drainTimeoutMs: number;
}

/** Consumes one lane of the process. It takes a letter only to begin it, so that none is ever delivered and not begun. */
export class InProcessConsumer implements Subscription, Taker {
  readonly #job: Job;
  readonly #inHand = new Set<Letter>();
  readonly #hurry = new AbortController();
  readonly #idle = Promise.withResolvers<void>();
  #wanted: 'running' | 'paused' | 'stopped' = 'running';
  #stopped: Promise<void> | undefined;

  constructor(job: Job) {
    this.#job = job;
    // In a later turn: by then the caller holds the subscription, which its handler may use.
    setImmediate(() => {
      if (this.#wanted !== 'stopped') job.lane.join(this);
      this.take();
    });
  }

  take(): void {
    while (this.#wanted === 'running' && this.#inHand.size < this.#job.prefetch) {
      const letter = this.#job.lane.next();
      if (!letter) return;
      void this.#handle(letter);
    }
  }

  async pause(): Promise<void> {
    if (this.#wanted === 'running') this.#wanted = 'paused';
  }

  async resume(): Promise<void> {
    if (this.#wanted !== 'paused') return;
    this.#wanted = 'running';
    this.take();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { lane, log, drainTimeoutMs } = this.#job;
    this.#wanted = 'stopped';
    lane.leave(this);
    this.#hurry.abort();
    if (this.#inHand.size === 0) return;
    await within(drainTimeoutMs, 'the messages in hand', this.#idle.promise).catch(() => {
      log.warn(
        { lane: lane.name, in_hand: this.#inHand.size },
        'stopped before every message in hand was finished, they will be delivered again',
      );
    });
    for (const letter of this.#inHand) this.#answer(letter, 'retry');
  }

  async #handle(letter: Letter): Promise<void> {
    this.#inHand.add(letter);
    this.#answer(letter, await this.#outcome(letter));
    if (this.#inHand.size === 0 && this.#wanted === 'stopped') this.#idle.resolve();
    this.take();
  }

  async #outcome(letter: Letter): Promise<Outcome> {
    const { lane, handler, log, retryBaseMs } = this.#job;
    const outcome = await outcomeOf(handler, lane.name, read(letter), log);
    if (outcome === 'retry' && !lane.isLast(letter))
      await rest(retryDelay(letter.redeliveries, retryBaseMs), this.#hurry.signal);
    return outcome;
  }

  /** A letter that was taken away meanwhile gets no second answer. */
  #answer(letter: Letter, outcome: Outcome): void {
    if (!this.#inHand.delete(letter)) return;
    if (outcome === 'retry') this.#job.lane.retry(letter);
    if (outcome === 'reject') this.#job.lane.reject();
  }
}
