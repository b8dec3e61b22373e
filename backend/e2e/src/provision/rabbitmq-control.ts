import { getContainerRuntimeClient } from 'testcontainers';
import { run } from './command.ts';

/** How to reach the server that was started for the tests: plain data, so that vitest can hand it to them. */
export type RabbitMqHandle =
  | { kind: 'container'; id: string }
  | { kind: 'server'; ctl: string; env: Record<string, string> };

const timeoutMs = 60_000;

/** Runs `rabbitmqctl` beside the server. */
export async function rabbitMqCtl(handle: RabbitMqHandle, ...args: string[]): Promise<string> {
  if (handle.kind === 'server') return run(handle.ctl, args, { env: handle.env, timeoutMs });
  const { container } = await getContainerRuntimeClient();
  const result = await container.exec(container.getById(handle.id), ['rabbitmqctl', ...args]);
  if (result.exitCode !== 0)
    throw new Error(`rabbitmqctl ${args.join(' ')} failed: ${result.output.slice(-2_000)}`);
  return result.output;
}

/** Takes the broker down: connections break, and nobody answers on its port until `startRabbitMq`. */
export async function stopRabbitMq(handle: RabbitMqHandle): Promise<void> {
  await rabbitMqCtl(handle, 'stop_app');
}

/** Brings the broker back, with everything it keeps on disk. */
export async function startRabbitMq(handle: RabbitMqHandle): Promise<void> {
  await rabbitMqCtl(handle, 'start_app');
}
