import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import type { Broker } from './broker.ts';
import { gate } from './test/gate.ts';
import { messageOf, numberOf } from './test/messages.ts';
import { type Changes, type OwnQueues, ownQueues } from './test/own-queues.ts';
import { openWire, type Wire } from './test/wire.ts';

const lane = 'checks.deadline';
const eventually = (assertion: () => unknown) => vi.waitFor(assertion, { timeout: 15_000, interval: 10 });

describe('when the connection to RabbitMQ is lost', () => {
  let queues: OwnQueues;
  let wire: Wire;

  beforeEach(async () => {
    queues = await ownQueues(inject('amqpUrl'));
    wire = await openWire(inject('amqpUrl'));
  });

  afterEach(async () => {
    await queues.dispose();
    await wire.close();
  });

  const overWire = (changes: Changes = {}) => queues.broker({ url: wire.url, ...changes });
  const lost = (broker: Broker) => eventually(() => expect(broker.connected).toBe(false));
  const back = (broker: Broker) => eventually(() => expect(broker.connected).toBe(true));

  test('it comes back by itself, and publishing and consuming go on', async () => {
    const broker = await overWire();
    const seen: number[] = [];
    await broker.consume(lane, { prefetch: 1 }, async message => {
      seen.push(numberOf(message));
      return 'done';
    });
    for (let round = 1; round <= 3; round++) {
      await broker.publish(lane, messageOf(round));
      await eventually(() => expect(seen).toContain(round));
      wire.cut();
      await lost(broker);
      await back(broker);
    }
    await eventually(() => broker.publish(lane, messageOf(4)));
    await eventually(() => expect(seen).toContain(4));
    expect(await broker.depth(lane)).toBe(0);
  });

  test('a message in hand is delivered again, and its late answer harms nothing', async () => {
    const broker = await overWire();
    const held = gate();
    await broker.consume(lane, { prefetch: 1 }, held.handler);
    await broker.publish(lane, messageOf(1));
    await eventually(() => expect(held.begun).toEqual([1]));
    wire.cut();
    await lost(broker);
    await back(broker);
    held.open();
    await eventually(() => expect(held.begun).toEqual([1, 1]));
    await eventually(async () => expect(await broker.depth(lane)).toBe(0));
    expect(await broker.deadLetters()).toBe(0);
  });

  test('no more than the prefetch is in hand, counting the messages of the lost connection', async () => {
    const broker = await overWire();
    const held = gate();
    await broker.consume(lane, { prefetch: 2 }, held.handler);
    for (const number of [1, 2, 3, 4]) await broker.publish(lane, messageOf(number));
    await eventually(() => expect(held.inHand).toBe(2));
    wire.cut();
    await lost(broker);
    await back(broker);
    await sleep(200);
    expect(held.inHand).toBe(2);
    held.open();
    await eventually(() => expect(new Set(held.begun)).toEqual(new Set([1, 2, 3, 4])));
    expect(held.most).toBe(2);
  });

  test('messages published and not yet confirmed are rejected as lost', async () => {
    const broker = await overWire();
    wire.freeze();
    const published = [1, 2, 3].map(number => broker.publish(lane, messageOf(number)));
    const results = Promise.allSettled(published);
    await sleep(100);
    wire.cut();
    for (const result of await results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringMatching(/connection lost/) },
      });
    }
  });

  test('publishing is refused at once while it is gone, and works again afterwards', async () => {
    const broker = await overWire();
    await wire.down();
    await lost(broker);
    const start = performance.now();
    await expect(broker.publish(lane, messageOf(1))).rejects.toThrow(/no connection/);
    await expect(broker.depth(lane)).rejects.toThrow(/no connection/);
    expect(performance.now() - start).toBeLessThan(2_000);
    await wire.up();
    await back(broker);
    await eventually(() => broker.publish(lane, messageOf(2)));
    await eventually(async () => expect(await broker.depth(lane)).toBe(1));
  });

  test('a paused subscription stays paused, and one resumed meanwhile runs', async () => {
    const broker = await overWire();
    const seen: number[] = [];
    const subscription = await broker.consume(lane, { prefetch: 1 }, async message => {
      seen.push(numberOf(message));
      return 'done';
    });
    await subscription.pause();
    wire.cut();
    await lost(broker);
    await back(broker);
    await eventually(() => broker.publish(lane, messageOf(1)));
    await sleep(200);
    expect(seen).toEqual([]);
    await wire.down();
    await lost(broker);
    await subscription.resume();
    await wire.up();
    await eventually(() => expect(seen).toEqual([1]));
  });

  test('a consumer that begins while it is gone starts when it is back', async () => {
    const broker = await overWire();
    await broker.publish(lane, messageOf(1));
    await wire.down();
    await lost(broker);
    const seen: number[] = [];
    await broker.consume(lane, { prefetch: 1 }, async message => {
      seen.push(numberOf(message));
      return 'done';
    });
    await wire.up();
    await eventually(() => expect(seen).toEqual([1]));
  });

  test('stopping while it is gone waits only for the work in hand', async () => {
    const broker = await overWire();
    const held = gate();
    const subscription = await broker.consume(lane, { prefetch: 1 }, held.handler);
    await broker.publish(lane, messageOf(1));
    await eventually(() => expect(held.inHand).toBe(1));
    await wire.down();
    await lost(broker);
    const stopping = subscription.stop();
    await sleep(50);
    held.open();
    await stopping;
    expect(held.inHand).toBe(0);
    await wire.up();
    await back(broker);
    await eventually(async () => expect(await broker.depth(lane)).toBe(1)); // its answer never arrived
  });

  test('closing while it is gone is quick and final', async () => {
    const broker = await overWire();
    await wire.down();
    await lost(broker);
    const start = performance.now();
    await broker.close();
    expect(performance.now() - start).toBeLessThan(5_000);
    await wire.up();
    await sleep(500);
    expect(broker.connected).toBe(false);
  });

  test('closing does not wait for a server that says nothing any more', async () => {
    const broker = await overWire({ heartbeatSeconds: 60, answerTimeoutMs: 200 });
    await broker.consume(lane, { prefetch: 1 }, async () => 'done');
    wire.freeze();
    const start = performance.now();
    await broker.close();
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(broker.connected).toBe(false);
  });

  test('a server that falls silent is noticed by its missing heartbeats', async () => {
    const broker = await overWire({ heartbeatSeconds: 1 });
    wire.freeze();
    await lost(broker);
    await back(broker);
    await eventually(() => broker.publish(lane, messageOf(1)));
  });
});

describe('when confirms do not come', () => {
  let queues: OwnQueues;
  let wire: Wire;

  beforeEach(async () => {
    queues = await ownQueues(inject('amqpUrl'));
    wire = await openWire(inject('amqpUrl'));
  });

  afterEach(async () => {
    await queues.dispose();
    await wire.close();
  });

  test('publishing rejects after the timeout, and what is in flight and what waits stays bounded', async () => {
    const broker = await queues.broker({ url: wire.url, confirmWindow: 2, confirmTimeoutMs: 300 });
    wire.freeze();
    const calls = Array.from({ length: 30 }, (_, index) => broker.publish(lane, messageOf(index + 1)));
    const reasons = (await Promise.allSettled(calls)).map(call =>
      call.status === 'rejected' ? call.reason.message : 'confirmed',
    );
    expect(reasons.filter(reason => /not confirmed within 300 ms/.test(reason))).toHaveLength(2 + 20);
    expect(reasons.filter(reason => /too many/.test(reason))).toHaveLength(8);
    wire.thaw();
    await eventually(() => broker.publish(lane, messageOf(99)));
    await eventually(async () => expect(await broker.depth(lane)).toBe(3)); // the two in flight had arrived
  });

  test('a thousand messages pass a window of ten, each confirmed', async () => {
    const broker = await queues.broker({ confirmWindow: 10 });
    for (let batch = 0; batch < 10; batch++) {
      await Promise.all(
        Array.from({ length: 100 }, (_, index) => broker.publish(lane, messageOf(batch * 100 + index + 1))),
      );
    }
    await eventually(async () => expect(await broker.depth(lane)).toBe(1_000));
  });
});
