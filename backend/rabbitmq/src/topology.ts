import { type Lane, lanes } from '@app/contract/message';
import type { Channel, ChannelModel, Options } from 'amqplib';
import { reasonOf } from './address.ts';
import type { Settings } from './settings.ts';
import { Unusable } from './unusable.ts';

type Shape = Pick<Settings, 'prefix' | 'deliveryLimit' | 'laneLength'>;

/** Dead letters are for a person to look at; the newest 10,000 (at least 1 MB per 30,000 on a quorum queue) are enough for that. */
const deadLetterLength = 10_000;

/** The queue of a lane. */
export function queueOf(lane: Lane, prefix: string): string {
  return `${prefix}${lane}`;
}

/** The name of the exchange for messages given up, and of the queue that keeps them. */
export function deadLettersOf(prefix: string): string {
  return `${prefix}dead-letters`;
}

/** Every queue of the topology. */
export function queuesOf(prefix: string): string[] {
  return [...lanes.map(lane => queueOf(lane, prefix)), deadLettersOf(prefix)];
}

/** Declares every exchange and queue. May be repeated: declaring what exists changes nothing. */
export async function assertTopology(model: ChannelModel, shape: Shape): Promise<void> {
  const channel = await model.createChannel();
  channel.on('error', () => undefined); // the rejected call below says the same
  await assertDeadLetters(channel, shape.prefix);
  for (const lane of lanes) await assertLane(channel, lane, shape);
  await channel.close();
}

/** Declares one lane's queue. */
export function assertLane(channel: Channel, lane: Lane, shape: Shape): Promise<void> {
  return assertQueue(channel, queueOf(lane, shape.prefix), {
    'x-delivery-limit': shape.deliveryLimit, // none by default below 4.0, 20 since
    'x-dead-letter-exchange': deadLettersOf(shape.prefix),
    'x-max-length': shape.laneLength,
    'x-overflow': 'reject-publish',
  });
}

async function assertDeadLetters(channel: Channel, prefix: string): Promise<void> {
  const name = deadLettersOf(prefix);
  await channel.assertExchange(name, 'fanout', { durable: true });
  await assertQueue(channel, name, {
    'x-max-length': deadLetterLength,
    'x-overflow': 'drop-head',
    // Looking at a message in the management console redelivers it: since 4.0 the 21st look would drop it.
    'x-delivery-limit': 1_000_000,
  });
  await channel.bindQueue(name, name, '');
}

async function assertQueue(channel: Channel, name: string, args: Record<string, unknown>): Promise<void> {
  const options: Options.AssertQueue = { durable: true, arguments: { 'x-queue-type': 'quorum', ...args } };
  try {
    await channel.assertQueue(name, options);
  } catch (error) {
    throw codeOf(error) === preconditionFailed ? mismatch(name, error) : error;
  }
}

const preconditionFailed = 406;

function mismatch(queue: string, cause: unknown): Unusable {
  return new Unusable(
    `the queue "${queue}" exists with other arguments than this version declares (${reasonOf(cause)}). ` +
      `Stop every producer and consumer, delete the queue (\`rabbitmqctl delete_queue ${queue}\`, or in the management ` +
      'console) and start again: no work is lost, it comes due again from the database.',
    { cause },
  );
}

/** The AMQP reply code of an error, where it has one. */
export function codeOf(error: unknown): number | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : undefined;
}
