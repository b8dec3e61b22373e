import { type ChannelModel, connect } from 'amqplib';
import { addressOf } from './address.ts';
import { complaint } from './complaint.ts';

/** Opens a connection and closes it again: the server's version, or an error that says what to do. */
export async function rabbitMqVersion(url: string, timeoutMs: number): Promise<string> {
  const address = addressOf(url, 10);
  let model: ChannelModel;
  try {
    model = await connect(address.href, { timeout: timeoutMs });
  } catch (error) {
    throw new Error(complaint(error, address.shown), { cause: error });
  }
  model.on('error', () => undefined); // of a server that goes down in this very moment
  const { version } = model.connection.serverProperties;
  await model.close().catch(() => undefined);
  return version;
}
