import { inject } from 'vitest';
import { brokerContract } from './test/broker-contract.ts';
import { ownQueues } from './test/own-queues.ts';

brokerContract('RabbitMQ', async settings => {
  const queues = await ownQueues(inject('amqpUrl'));
  const join = () => queues.broker(settings);
  return { broker: await join(), join, dispose: () => queues.dispose() };
});
