import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '@app/contract/message';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Broker, Handler } from '../broker.ts';
import type { Log } from '../log.ts';
import { messageOf, numberOf } from './messages.ts';
import { recorder } from './recorder.ts';

/** What a suite may ask of the broker it is given. */
export interface BrokerSettings {
  log: Log;
  deliveryLimit: number;
  laneLength: number;
  retryBaseMs: number;
  drainTimeoutMs: number;
}

/** A broker on empty queues of its own; a second call of `join` gives another one on the same queues. */
export interface BrokerUnderTest {
  broker: Broker;
  join(): Promise<Broker>;
  dispose(): Promise<void>;
}

const settings = { deliveryLimit: 3, laneLength: 20, retryBaseMs: 5, drainTimeoutMs: 20_000 };
const lane = 'checks.deadline';

/** Long enough for a message that must not come to have come. */
const aWhileMs = 150;

/** The behaviour that every broker shares, whatever carries its messages. */
export function brokerContract(
  name: string,
  make: (settings: BrokerSettings) => Promise<BrokerUnderTest>,
): void {
  describe(name, () => {
    const made: BrokerUnderTest[] = [];

    afterEach(async () => {
      for (const each of made.splice(0)) await each.dispose();
    });

    async function fresh(changes: Partial<BrokerSettings> = {}) {
      const log = recorder();
      const under = await make({ ...settings, log, ...changes });
      made.push(under);
      return { broker: under.broker, join: under.join, log };
    }

    const eventually = (assertion: () => unknown) => vi.waitFor(assertion, { timeout: 10_000, interval: 10 });
    const publish = async (broker: Broker, ...numbers: number[]) => {
      for (const number of numbers) await broker.publish(lane, messageOf(number));
    };

    test('a published message reaches the consumer of its lane unchanged', async () => {
      const { broker } = await fresh();
      const seen: Message[] = [];
      await broker.consume(lane, { prefetch: 1 }, collect(seen));
      await publish(broker, 7);
      await eventually(() => expect(seen).toEqual([messageOf(7)]));
    });

    test('messages arrive in the order they were published', async () => {
      const { broker } = await fresh();
      const seen: Message[] = [];
      await publish(broker, 1, 2, 3, 4, 5);
      await broker.consume(lane, { prefetch: 1 }, collect(seen));
      await eventually(() => expect(seen.map(numberOf)).toEqual([1, 2, 3, 4, 5]));
    });

    test('a consumer that changes a message changes only its own copy', async () => {
      const { broker } = await fresh();
      const sent = messageOf(1);
      const seen: number[] = [];
      await broker.consume(lane, { prefetch: 1 }, async message => {
        seen.push(numberOf(message));
        if (message.kind === 'profiles.check') message.checks.length = 0;
        return seen.length === 1 ? 'retry' : 'done';
      });
      await broker.publish(lane, sent);
      await eventually(() => expect(seen).toEqual([1, 1]));
      expect(sent).toEqual(messageOf(1));
    });

    test('a message that is done is gone', async () => {
      const { broker, join } = await fresh();
      const seen: Message[] = [];
      const subscription = await broker.consume(lane, { prefetch: 1 }, collect(seen));
      await publish(broker, 1);
      await eventually(() => expect(seen).toHaveLength(1));
      await subscription.stop();
      const later = await join();
      await later.consume(lane, { prefetch: 1 }, collect(seen));
      await sleep(aWhileMs);
      expect(seen).toHaveLength(1);
      expect(await broker.depth(lane)).toBe(0);
      expect(await broker.deadLetters()).toBe(0);
    });

    test('a lane whose handler is stuck does not delay another lane', async () => {
      const { broker } = await fresh();
      const gate = Promise.withResolvers<void>();
      const seen: Message[] = [];
      await broker.consume('checks.fresh', { prefetch: 1 }, () => gate.promise.then(() => 'done'));
      await broker.consume('checks.manual', { prefetch: 1 }, collect(seen));
      await broker.publish('checks.fresh', messageOf(1));
      await broker.publish('checks.fresh', messageOf(2));
      await broker.publish('checks.manual', messageOf(3));
      await eventually(() => expect(seen.map(numberOf)).toEqual([3]));
      gate.resolve();
    });

    test('as many messages are in hand as the prefetch allows, and never one more', async () => {
      const { broker } = await fresh();
      let inHand = 0;
      let most = 0;
      let done = 0;
      await publish(broker, 1, 2, 3, 4, 5, 6, 7, 8, 9);
      await broker.consume(lane, { prefetch: 3 }, async () => {
        most = Math.max(most, ++inHand);
        await sleep(30);
        inHand--;
        done++;
        return 'done';
      });
      await eventually(() => expect(done).toBe(9));
      expect(most).toBe(3);
    });

    test('two subscribers share a lane, and no message comes twice', async () => {
      const { broker, join } = await fresh();
      const [left, right]: [Message[], Message[]] = [[], []];
      const slowly =
        (seen: Message[]): Handler =>
        async message => {
          seen.push(message);
          await sleep(10);
          return 'done';
        };
      const second = await join();
      await broker.consume(lane, { prefetch: 1 }, slowly(left));
      await second.consume(lane, { prefetch: 1 }, slowly(right));
      const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
      await publish(broker, ...numbers);
      await eventually(() => expect(left.length + right.length).toBe(20));
      expect([...left, ...right].map(numberOf).sort((a, b) => a - b)).toEqual(numbers);
      expect(left.length).toBeGreaterThan(0);
      expect(right.length).toBeGreaterThan(0);
    });

    test('a message to be retried comes again as often as the delivery limit says, and is then dead-lettered', async () => {
      const { broker } = await fresh({ deliveryLimit: 3 });
      let deliveries = 0;
      await broker.consume(lane, { prefetch: 1 }, async () => {
        deliveries++;
        return 'retry';
      });
      await publish(broker, 1);
      await eventually(async () => expect(await broker.deadLetters()).toBe(1));
      expect(deliveries).toBe(1 + 3);
      expect(await broker.depth(lane)).toBe(0);
    });

    test('a retry is delayed, and each further one longer', async () => {
      const { broker } = await fresh({ retryBaseMs: 40, deliveryLimit: 2 });
      const at: number[] = [];
      await broker.consume(lane, { prefetch: 1 }, async () => {
        at.push(performance.now());
        return 'retry';
      });
      await publish(broker, 1);
      await eventually(() => expect(at).toHaveLength(3));
      const [first = 0, second = 0, third = 0] = at;
      expect(second - first).toBeGreaterThanOrEqual(39);
      expect(third - second).toBeGreaterThanOrEqual(79);
    });

    test('a handler that throws is a retry, logged with its lane and kind', async () => {
      const { broker, log } = await fresh();
      let deliveries = 0;
      await broker.consume(lane, { prefetch: 1 }, async () => {
        if (++deliveries === 1) throw new Error('out of luck');
        return 'done';
      });
      await publish(broker, 1);
      await eventually(() => expect(deliveries).toBe(2));
      const errors = log.lines.filter(line => line.level === 'error');
      expect(errors).toHaveLength(1);
      expect(errors[0]?.facts).toMatchObject({
        lane,
        kind: 'profiles.check',
        err: { message: 'out of luck' },
      });
    });

    test('a rejected message is dead-lettered at once', async () => {
      const { broker } = await fresh();
      let deliveries = 0;
      await broker.consume(lane, { prefetch: 1 }, async () => {
        deliveries++;
        return 'reject';
      });
      await publish(broker, 1);
      await eventually(async () => expect(await broker.deadLetters()).toBe(1));
      await sleep(aWhileMs);
      expect(deliveries).toBe(1);
    });

    test('nothing is delivered while paused, and everything after resuming', async () => {
      const { broker } = await fresh();
      const seen: Message[] = [];
      const subscription = await broker.consume(lane, { prefetch: 2 }, collect(seen));
      await subscription.pause();
      await publish(broker, 1, 2, 3);
      await sleep(aWhileMs);
      expect(seen).toHaveLength(0);
      expect(await broker.depth(lane)).toBe(3);
      await subscription.resume();
      await eventually(() => expect(seen).toHaveLength(3));
    });

    test('pausing and resuming in any order and number leaves the last word in force', async () => {
      const { broker } = await fresh();
      const seen: Message[] = [];
      const subscription = await broker.consume(lane, { prefetch: 2 }, collect(seen));
      await Promise.all([
        subscription.pause(),
        subscription.resume(),
        subscription.pause(),
        subscription.pause(),
      ]);
      await publish(broker, 1);
      await sleep(aWhileMs);
      expect(seen).toHaveLength(0);
      await Promise.all([subscription.resume(), subscription.pause(), subscription.resume()]);
      await eventually(() => expect(seen).toHaveLength(1));
    });

    test('a handler may pause its own subscription, finish its message, and the rest stays for others', async () => {
      const { broker, join } = await fresh();
      const mine: Message[] = [];
      const theirs: Message[] = [];
      await publish(broker, 1, 2, 3, 4);
      const subscription = await broker.consume(lane, { prefetch: 1 }, async message => {
        mine.push(message);
        await subscription.pause();
        return 'done';
      });
      await eventually(() => expect(mine).toHaveLength(1));
      const other = await join();
      await other.consume(lane, { prefetch: 1 }, collect(theirs));
      await eventually(() => expect(theirs).toHaveLength(3));
      expect(mine).toHaveLength(1);
      expect(await broker.deadLetters()).toBe(0);
    });

    test('messages in hand finish while paused', async () => {
      const { broker } = await fresh();
      const gate = Promise.withResolvers<void>();
      let begun = 0;
      const subscription = await broker.consume(lane, { prefetch: 1 }, async () => {
        begun++;
        await gate.promise;
        return 'done';
      });
      await publish(broker, 1);
      await eventually(() => expect(begun).toBe(1));
      await subscription.pause();
      gate.resolve();
      await subscription.stop();
      expect(await broker.depth(lane)).toBe(0);
    });

    test('stop waits for the message in hand and leaves the others in the lane', async () => {
      const { broker } = await fresh();
      const gate = Promise.withResolvers<void>();
      let begun = 0;
      let stopped = false;
      await publish(broker, 1, 2, 3);
      const subscription = await broker.consume(lane, { prefetch: 1 }, async () => {
        begun++;
        await gate.promise;
        return 'done';
      });
      await eventually(() => expect(begun).toBe(1));
      const stopping = subscription.stop().then(() => {
        stopped = true;
      });
      await sleep(aWhileMs);
      expect(stopped).toBe(false);
      gate.resolve();
      await stopping;
      expect(begun).toBe(1);
      await eventually(async () => expect(await broker.depth(lane)).toBe(2));
    });

    test('stop does not wait for a handler that never ends, and its message goes to another', async () => {
      const { broker, join, log } = await fresh({ drainTimeoutMs: 100 });
      const seen: Message[] = [];
      let begun = 0;
      const subscription = await broker.consume(lane, { prefetch: 1 }, () => {
        begun++;
        return new Promise(() => undefined);
      });
      await publish(broker, 1);
      await eventually(() => expect(begun).toBe(1));
      await subscription.stop();
      expect(log.texts('warn')).toHaveLength(1);
      const other = await join();
      await other.consume(lane, { prefetch: 1 }, collect(seen));
      await eventually(() => expect(seen).toHaveLength(1));
    });

    test('stop does not wait for the delay of a retry', async () => {
      const { broker } = await fresh({ retryBaseMs: 5_000 });
      let begun = 0;
      const subscription = await broker.consume(lane, { prefetch: 1 }, async () => {
        begun++;
        return 'retry';
      });
      await publish(broker, 1);
      await eventually(() => expect(begun).toBe(1));
      const start = performance.now();
      await subscription.stop();
      expect(performance.now() - start).toBeLessThan(2_000);
      await eventually(async () => expect(await broker.depth(lane)).toBe(1));
    });

    test('stopping twice is the same as once, and a stopped subscription stays stopped', async () => {
      const { broker } = await fresh();
      const seen: Message[] = [];
      const subscription = await broker.consume(lane, { prefetch: 1 }, collect(seen));
      await Promise.all([subscription.stop(), subscription.stop()]);
      await subscription.resume();
      await subscription.pause();
      await publish(broker, 1);
      await sleep(aWhileMs);
      expect(seen).toHaveLength(0);
    });

    test('depth counts the messages ready, lane by lane', async () => {
      const { broker } = await fresh();
      await publish(broker, 1, 2);
      await broker.publish('checks.fresh', messageOf(3));
      await eventually(async () => {
        expect(await broker.depth(lane)).toBe(2);
        expect(await broker.depth('checks.fresh')).toBe(1);
        expect(await broker.depth('checks.manual')).toBe(0);
      });
    });

    test('a full lane refuses messages until there is room again', async () => {
      const { broker } = await fresh({ laneLength: 5 });
      const refused = async () => {
        for (let number = 1; number <= 200; number++) await broker.publish(lane, messageOf(number));
      };
      await expect(refused()).rejects.toThrow(/checks\.deadline.*full/);
      expect(await broker.depth(lane)).toBeLessThan(20); // RabbitMQ lets a few more in before it closes the door
      const seen: Message[] = [];
      await broker.consume(lane, { prefetch: 5 }, collect(seen));
      await eventually(async () => {
        expect(await broker.depth(lane)).toBe(0);
        await publish(broker, 999);
      });
      await eventually(() => expect(seen.map(numberOf)).toContain(999));
    });

    test('a prefetch that is no whole number above zero is refused', async () => {
      const { broker } = await fresh();
      await expect(broker.consume(lane, { prefetch: 0 }, async () => 'done')).rejects.toThrow(/prefetch/);
      await expect(broker.consume(lane, { prefetch: 1.5 }, async () => 'done')).rejects.toThrow(/prefetch/);
    });

    test('closing finishes the work in hand and leaves nothing running', async () => {
      const { broker, join } = await fresh();
      const other = await join();
      let finished = false;
      let begun = false;
      await other.consume(lane, { prefetch: 1 }, async () => {
        begun = true;
        await sleep(100);
        finished = true;
        return 'done';
      });
      await publish(broker, 1);
      await eventually(() => expect(begun).toBe(true));
      expect(other.connected).toBe(true);
      await Promise.all([other.close(), other.close()]);
      expect(finished).toBe(true);
      expect(other.connected).toBe(false);
      await publish(broker, 2);
      await eventually(async () => expect(await broker.depth(lane)).toBe(1));
    });

    test('a closed broker refuses to publish, to consume and to count', async () => {
      const { broker, join } = await fresh();
      const other = await join();
      await other.close();
      await expect(other.publish(lane, messageOf(1))).rejects.toThrow(/closed/);
      await expect(other.consume(lane, { prefetch: 1 }, async () => 'done')).rejects.toThrow(/closed/);
      await expect(other.depth(lane)).rejects.toThrow();
      expect(await broker.depth(lane)).toBe(0);
    });
  });
}

function collect(seen: Message[]): Handler {
  return async message => {
    seen.push(message);
    return 'done';
  };
}
