import { argv } from 'node:process';
import { connectRabbitMq } from '../connect.ts';
import { messageOf } from './messages.ts';
import { recorder } from './recorder.ts';

/** A process that connects, publishes, consumes and closes, and then has to end by itself. */
const [url = '', prefix = ''] = argv.slice(2);
const broker = await connectRabbitMq({ url, prefix, log: recorder() });
const consumed = Promise.withResolvers<void>();
await broker.consume('checks.manual', { prefetch: 1 }, async () => {
  consumed.resolve();
  return 'done';
});
await broker.publish('checks.manual', messageOf(1));
await consumed.promise;
await broker.close();
