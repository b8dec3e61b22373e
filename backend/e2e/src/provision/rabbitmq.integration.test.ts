import { connectRabbitMq } from '@app/rabbitmq/connect';
import { messageOf, numberOf } from '@app/rabbitmq/test/messages';
import { recorder } from '@app/rabbitmq/test/recorder';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import type { ProvidedRabbitMq } from './provided-rabbitmq.ts';
import { provideRabbitMq } from './rabbitmq.ts';
import { startRabbitMq, stopRabbitMq } from './rabbitmq-control.ts';

/** A RabbitMQ of this file's own: to take down the common one would disturb every other test. */
let own: ProvidedRabbitMq | Error;

beforeAll(async () => {
  own = await provideRabbitMq({ say: () => undefined }).catch((error: Error) => error);
}, 120_000);

afterAll(async () => {
  if (!(own instanceof Error)) await own.stop();
});

test('messages and consumers survive a restart of the broker', async ({ skip }) => {
  if (own instanceof Error) return skip(own.message);
  const { url, control } = own;
  if (!control) return skip('this RabbitMQ cannot be restarted from here');
  const broker = await connectRabbitMq({ url, log: recorder() });
  const seen: number[] = [];
  await broker.publish('checks.manual', messageOf(1));
  await stopRabbitMq(control);
  await vi.waitFor(() => expect(broker.connected).toBe(false), { timeout: 10_000 });
  await broker.consume('checks.manual', { prefetch: 1 }, async message => {
    seen.push(numberOf(message));
    return 'done';
  });
  await expect(broker.publish('checks.manual', messageOf(2))).rejects.toThrow(/no connection/);
  await startRabbitMq(control);
  await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 20_000 });
  await vi.waitFor(() => broker.publish('checks.manual', messageOf(3)), { timeout: 10_000 });
  await vi.waitFor(() => expect(seen).toEqual([1, 3]), { timeout: 10_000 });
  await broker.close();
}, 60_000);

test('a given address is used as it is, and a wrong one is refused with what to do', async () => {
  const provided = await provideRabbitMq({ amqpUrl: inject('amqpUrl'), say: () => undefined });
  expect(provided).toMatchObject({
    url: inject('amqpUrl'),
    how: expect.stringMatching(/^RabbitMQ [0-9.]+ given by AMQP_URL$/),
  });
  await provided.stop();
  const wrong = provideRabbitMq({ amqpUrl: 'amqp://guest:geheim@127.0.0.1:1', say: () => undefined });
  await expect(wrong).rejects.toThrow(
    /^RabbitMQ at amqp:\/\/127\.0\.0\.1:1 \(password hidden\) does not answer/,
  );
});
