import { brokerContract } from '@app/rabbitmq/test/broker-contract';
import { messageOf } from '@app/rabbitmq/test/messages';
import { recorder } from '@app/rabbitmq/test/recorder';
import { expect, test } from 'vitest';
import { createInProcessBroker, createLanes } from './in-process-broker.ts';

brokerContract('the broker inside the process', async settings => {
  const lanes = createLanes(settings);
  const join = async () => createInProcessBroker(settings, lanes);
  const broker = await join();
  return { broker, join, dispose: () => broker.close() };
});

test('a message that breaks the contract is refused where it is published, as nothing else can publish here', async () => {
  const broker = createInProcessBroker({ log: recorder() });
  await expect(broker.publish('checks.fresh', { ...messageOf(1), checks: [] })).rejects.toThrow();
  expect(await broker.depth('checks.fresh')).toBe(0);
});
