import { type Lane, type Message, message as messageShape } from '@app/contract/message';

/** A message in a lane. It is kept as the text that would cross the wire, so that nobody shares an object with anybody. */
export interface Letter {
  readonly text: string;
  redeliveries: number;
}

/** Takes letters out of a lane when it may have some. */
export interface Taker {
  take(): void;
}

/** As many as RabbitMQ is told to keep; here only counted. */
const deadLetterLength = 10_000;

/** One queue in memory: bounded, first in first out, with a delivery limit and dead letters. */
export class InProcessLane {
  readonly name: Lane;
  readonly #deliveryLimit: number;
  readonly #length: number;
  #ready: Letter[] = [];
  #takers: Taker[] = [];
  #deadLetters = 0;

  constructor(name: Lane, deliveryLimit: number, length: number) {
    this.name = name;
    this.#deliveryLimit = deliveryLimit;
    this.#length = length;
  }

  get depth(): number {
    return this.#ready.length;
  }

  get deadLetters(): number {
    return this.#deadLetters;
  }

  publish(message: Message): void {
    if (this.#ready.length >= this.#length)
      throw new Error(`not published to ${this.name}: the lane is full`);
    this.#ready.push({ text: JSON.stringify(messageShape.parse(message)), redeliveries: 0 });
    this.#offer();
  }

  /** The next letter for a consumer, which then answers with one of the three below. */
  next(): Letter | undefined {
    return this.#ready.shift();
  }

  /** Back to the front of the lane; dead-lettered when it has been there too often. */
  retry(letter: Letter): void {
    if (this.isLast(letter)) {
      this.reject();
    } else {
      letter.redeliveries++;
      this.#ready.unshift(letter);
      this.#offer();
    }
  }

  /** Whether this delivery of the letter is the last it gets. */
  isLast(letter: Letter): boolean {
    return letter.redeliveries >= this.#deliveryLimit;
  }

  reject(): void {
    this.#deadLetters = Math.min(this.#deadLetters + 1, deadLetterLength);
  }

  join(taker: Taker): void {
    this.#takers.push(taker);
  }

  leave(taker: Taker): void {
    this.#takers = this.#takers.filter(other => other !== taker);
    this.#offer();
  }

  /** Round robin, as RabbitMQ does: who was asked first is asked last the next time. */
  #offer(): void {
    const first = this.#takers.shift();
    if (!first) return;
    this.#takers.push(first);
    for (const taker of [first, ...this.#takers]) taker.take();
  }
}

/** The letter's message, parsed as from the wire. */
export function read(letter: Letter): Message {
  return messageShape.parse(JSON.parse(letter.text));
}
