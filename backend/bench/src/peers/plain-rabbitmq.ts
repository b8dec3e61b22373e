import { type Channel, type ChannelModel, type ConsumeMessage, connect } from 'amqplib';
import type { Peer, Work } from './peer.ts';

const queue = 'bench-plain-checks';

interface Message {
  readonly profile_id: string;
}

/**
 * The design that comes to mind first: one message, one call and one write for each profile (rabbitmq.com). AMQP is spoken
 * here and not in the package for it, because this is somebody else's design.
 */
export const plainRabbitMq: Peer = {
  levels: [
    { workers: 1, concurrency: 300 },
    { workers: 2, concurrency: 100 },
  ],
  open: async ({ amqpUrl }) => {
    // docs/queues: quorum queues, where messages must not be lost.
    const options = { durable: true, arguments: { 'x-queue-type': 'quorum' } };
    await withChannel(amqpUrl, async channel => {
      await channel.deleteQueue(queue);
      await channel.assertQueue(queue, options);
    });
    return { address: amqpUrl, close: () => withChannel(amqpUrl, channel => channel.deleteQueue(queue)) };
  },
  feed: async address => {
    const model = await connected(address);
    const channel = await model.createConfirmChannel();
    return {
      // blog/2020/05/14: the most is gained up to 200 unconfirmed messages, a little more up to 1,000.
      bulk: 500,
      add: async ids => {
        for (const id of ids) channel.sendToQueue(queue, bodyOf({ profile_id: id }), { persistent: true });
        await channel.waitForConfirms();
      },
      close: () => model.close(),
    };
  },
  work: async work => {
    const model = await connected(work.address);
    const channel = await model.createChannel();
    // docs/confirms, "Channel Prefetch Setting (QoS)": 100 to 300 usually give the most.
    await channel.prefetch(work.concurrency);
    const inHand = new Set<Promise<void>>();
    const { consumerTag } = await channel.consume(queue, message => {
      if (!message) return;
      const handled = handle(channel, message, work).finally(() => inHand.delete(handled));
      inHand.add(handled);
    });
    return async () => {
      await channel.cancel(consumerTag);
      await Promise.all(inHand);
      await model.close();
    };
  },
};

async function handle(channel: Channel, message: ConsumeMessage, { checks, onDone }: Work): Promise<void> {
  const { profile_id } = JSON.parse(message.content.toString()) as Message; // the feeder's own
  try {
    await checks.one(profile_id);
    channel.ack(message);
    onDone(1);
  } catch {
    channel.reject(message); // a failed check is counted where it fails
  }
}

function bodyOf(message: Message): Buffer {
  return Buffer.from(JSON.stringify(message));
}

async function connected(url: string): Promise<ChannelModel> {
  const model = await connect(url);
  model.on('error', () => undefined); // the calls that fail with it say so
  return model;
}

async function withChannel(url: string, work: (channel: Channel) => Promise<unknown>): Promise<void> {
  const model = await connected(url);
  try {
    await work(await model.createChannel());
  } finally {
    await model.close();
  }
}
