import type { RabbitMqHandle } from './rabbitmq-control.ts';

/** A RabbitMQ for tests. */
export interface ProvidedRabbitMq {
  url: string;
  /** For people: where this RabbitMQ comes from. */
  how: string;
  /** Only of a server that was started here: with it, tests may take it down and bring it back. */
  control?: RabbitMqHandle;
  stop(): Promise<void>;
}

/** Tells the user what takes time or changes the machine. */
export type Say = (text: string) => void;
