import { randomUUID } from 'node:crypto';
import { type ChannelModel, connect } from 'amqplib';
import type { Broker } from '../broker.ts';
import { connectRabbitMq } from '../connect.ts';
import type { RabbitMqOptions } from '../settings.ts';
import { deadLettersOf, queuesOf } from '../topology.ts';
import { recorder } from './recorder.ts';

export type Changes = Partial<RabbitMqOptions>;

/** A set of queues of its own on the server, so that test files may run at the same time. */
export interface OwnQueues {
  prefix: string;
  /** A connection to look and meddle with. */
  model: ChannelModel;
  broker(changes?: Changes): Promise<Broker>;
  /** Closes every broker made here and deletes the queues. */
  dispose(): Promise<void>;
}

export async function ownQueues(url: string): Promise<OwnQueues> {
  const prefix = `test-${randomUUID().slice(0, 8)}.`;
  const model = await connect(url);
  const brokers: Broker[] = [];
  return {
    prefix,
    model,
    async broker(changes = {}) {
      const broker = await connectRabbitMq({ url, log: recorder(), prefix, retryBaseMs: 5, ...changes });
      brokers.push(broker);
      return broker;
    },
    async dispose() {
      await Promise.all(brokers.map(broker => broker.close()));
      await deleteTopology(model, prefix);
      await model.close();
    },
  };
}

async function deleteTopology(model: ChannelModel, prefix: string): Promise<void> {
  const channel = await model.createChannel();
  for (const queue of queuesOf(prefix)) await channel.deleteQueue(queue);
  await channel.deleteExchange(deadLettersOf(prefix));
  await channel.close();
}
