import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { connectRabbitMq } from './connect.ts';
import { messageOf, numberOf } from './test/messages.ts';
import { type OwnQueues, ownQueues } from './test/own-queues.ts';
import { recorder } from './test/recorder.ts';
import { openWire } from './test/wire.ts';
import { deadLettersOf, queueOf } from './topology.ts';

const lane = 'checks.deadline';
const eventually = (assertion: () => unknown) => vi.waitFor(assertion, { timeout: 15_000, interval: 10 });

let queues: OwnQueues;

beforeEach(async () => {
  queues = await ownQueues(inject('amqpUrl'));
});

afterEach(async () => {
  await queues.dispose();
});

describe('malformed messages', () => {
  async function send(body: string): Promise<void> {
    const channel = await queues.model.createConfirmChannel();
    channel.sendToQueue(queueOf(lane, queues.prefix), Buffer.from(body));
    await channel.waitForConfirms();
    await channel.close();
  }

  test.each([
    ['no JSON', 'not a message', /not JSON/],
    ['an empty body', '', /not JSON/],
    ['an unknown kind', '{"kind":"profiles.dance"}', /kind/],
    ['a broken field', JSON.stringify({ ...messageOf(1), checks: [] }), /checks/],
  ])('%s is dead-lettered with a line in the log, and the lane goes on', async (_name, body, reason) => {
    const log = recorder();
    const broker = await queues.broker({ log });
    const seen: number[] = [];
    await send(body);
    await broker.publish(lane, messageOf(2));
    await broker.consume(lane, { prefetch: 1 }, async message => {
      seen.push(numberOf(message));
      return 'done';
    });
    await eventually(() => expect(seen).toEqual([2]));
    await eventually(async () => expect(await broker.deadLetters()).toBe(1));
    const [line] = log.lines.filter(each => each.level === 'error');
    expect(line?.facts).toMatchObject({ lane, reason: expect.stringMatching(reason) });
  });

  test('the log shows no more than 200 characters of it', async () => {
    const log = recorder();
    const broker = await queues.broker({ log });
    await broker.consume(lane, { prefetch: 1 }, async () => 'done');
    await send('x'.repeat(10_000));
    await eventually(async () => expect(await broker.deadLetters()).toBe(1));
    const [line] = log.lines.filter(each => each.level === 'error');
    expect(line?.facts).toMatchObject({ excerpt: 'x'.repeat(200) });
  });

  test('a dead letter says which lane it came from and why', async () => {
    const broker = await queues.broker();
    await broker.consume(lane, { prefetch: 1 }, async () => 'reject');
    await broker.publish(lane, messageOf(1));
    await eventually(async () => expect(await broker.deadLetters()).toBe(1));
    const channel = await queues.model.createChannel();
    const letter = await channel.get(deadLettersOf(queues.prefix), { noAck: true });
    await channel.close();
    expect(letter).toMatchObject({
      properties: {
        deliveryMode: 2,
        contentType: 'application/json',
        type: 'profiles.check',
        headers: { 'x-first-death-queue': queueOf(lane, queues.prefix), 'x-first-death-reason': 'rejected' },
      },
    });
  });
});

describe('a queue that is deleted', () => {
  test('is made again by its consumer, and consumers of other lanes do not notice', async () => {
    const log = recorder();
    const broker = await queues.broker({ log });
    const seen: string[] = [];
    for (const each of ['checks.fresh', 'checks.manual'] as const) {
      await broker.consume(each, { prefetch: 1 }, async message => {
        seen.push(`${each} ${numberOf(message)}`);
        return 'done';
      });
    }
    const channel = await queues.model.createChannel();
    await channel.deleteQueue(queueOf('checks.fresh', queues.prefix));
    await channel.close();
    await eventually(() => broker.publish('checks.fresh', messageOf(1)));
    await broker.publish('checks.manual', messageOf(2));
    await eventually(() => expect(seen.toSorted()).toEqual(['checks.fresh 1', 'checks.manual 2']));
    expect(broker.connected).toBe(true);
    expect(JSON.stringify(log.lines)).not.toContain('consume checks.manual');
  });

  test('without a consumer makes publishing to it fail, and to the others not', async () => {
    const broker = await queues.broker();
    const channel = await queues.model.createChannel();
    await channel.deleteQueue(queueOf('checks.fresh', queues.prefix));
    await channel.close();
    await expect(broker.publish('checks.fresh', messageOf(1))).rejects.toThrow(
      /checks\.fresh.*no such queue/,
    );
    await expect(broker.depth('checks.fresh')).rejects.toThrow();
    await broker.publish('checks.manual', messageOf(2));
    await eventually(async () => expect(await broker.depth('checks.manual')).toBe(1)); // counting has a new channel
  });
});

describe('connecting', () => {
  test('declares the queues anew without harm when they exist', async () => {
    const first = await queues.broker();
    await first.publish(lane, messageOf(1));
    const second = await queues.broker();
    await eventually(async () => expect(await second.depth(lane)).toBe(1));
  });

  test('to queues declared otherwise fails at once, naming the queue and what to do', async () => {
    await queues.broker({ laneLength: 10 });
    const start = performance.now();
    await expect(queues.broker({ laneLength: 11 })).rejects.toThrow(
      new RegExp(`"${queueOf(lane, queues.prefix)}" exists with other arguments.*delete_queue`),
    );
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test('fails after the timeout when nobody answers, with the address but not the password', async () => {
    const wire = await openWire(inject('amqpUrl'));
    await wire.close();
    const url = new URL(wire.url);
    url.password = 'geheim';
    const failure = await connectRabbitMq({ url: url.href, log: recorder(), connectTimeoutMs: 600 }).catch(
      error => error,
    );
    expect(failure.message).toContain(
      `amqp://127.0.0.1:${url.port} (password hidden) does not answer: connect ECONNREFUSED`,
    );
    expect(failure.message).toContain('start it, or correct AMQP_URL');
    expect(failure.message).not.toContain('geheim');
  });

  test('waits for a server that is still starting', async () => {
    const wire = await openWire(inject('amqpUrl'));
    await wire.down();
    const connecting = queues.broker({ url: wire.url, connectTimeoutMs: 10_000 });
    setTimeout(() => void wire.up(), 500);
    const broker = await connecting;
    expect(broker.connected).toBe(true);
    await broker.close();
    await wire.close();
  });

  test('with a wrong password fails at once', async () => {
    const url = new URL(inject('amqpUrl'));
    url.password = 'geheim';
    const log = recorder();
    const start = performance.now();
    const failure = await connectRabbitMq({ url: url.href, log }).catch(error => error);
    expect(failure.message).toMatch(/refuses us.*correct the user and password in AMQP_URL/);
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(failure.message + JSON.stringify(log.lines)).not.toContain('geheim');
  });

  test('to a virtual host that does not exist says so', async () => {
    const url = new URL('/nowhere', inject('amqpUrl'));
    const connecting = connectRabbitMq({ url: url.href, log: recorder(), connectTimeoutMs: 600 });
    await expect(connecting).rejects.toThrow(/virtual host/);
  });
});

describe('a process', () => {
  const script = join(import.meta.dirname, 'test', 'short-life.ts');

  test('ends by itself once its broker is closed', async () => {
    await queues.broker();
    const options = { timeout: 15_000, killSignal: 'SIGKILL' } as const;
    const ended = promisify(execFile)(process.execPath, [script, inject('amqpUrl'), queues.prefix], options);
    await expect(ended).resolves.toMatchObject({ stdout: '', stderr: '' });
  });

  test('ends by itself also when no broker answered', async () => {
    const wire = await openWire(inject('amqpUrl'));
    await wire.close();
    const code = `import { connectRabbitMq } from ${JSON.stringify(join(import.meta.dirname, 'connect.ts'))};
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      await connectRabbitMq({ url: ${JSON.stringify(wire.url)}, log, connectTimeoutMs: 300 }).catch(error => console.log(error.message));`;
    const options = { timeout: 15_000, killSignal: 'SIGKILL' } as const;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', code],
      options,
    );
    expect(stdout).toMatch(/does not answer/);
  });
});
