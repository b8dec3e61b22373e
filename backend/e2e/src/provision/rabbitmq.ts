import { rabbitMqVersion } from '@app/rabbitmq/probe';
import type { ProvidedRabbitMq, Say } from './provided-rabbitmq.ts';
import { startContainer } from './rabbitmq-container.ts';
import { installServer } from './rabbitmq-package.ts';
import { findServer, startServer } from './rabbitmq-server.ts';

interface Wishes {
  /** A running RabbitMQ to use instead of starting one. */
  amqpUrl?: string | undefined;
  say: Say;
}

const ways = {
  docker: 'Docker: start it, and let it pull rabbitmq:4-management',
  server: 'a rabbitmq-server on this machine: `apt-get install rabbitmq-server`, or `brew install rabbitmq`',
  package: 'root on Debian or Ubuntu: then the package rabbitmq-server is installed',
};

/** A real RabbitMQ for tests: the one given, else one of our own from Docker, from this machine, or from a package installed now. */
export async function provideRabbitMq({ amqpUrl, say }: Wishes): Promise<ProvidedRabbitMq> {
  if (amqpUrl) return given(amqpUrl);
  const failures: string[] = [];
  for (const way of ['docker', 'server', 'package'] as const) {
    try {
      return await start[way](say);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(`  - ${ways[way]}\n      (tried: ${reason})`);
    }
  }
  throw new Error(
    `The tests need a RabbitMQ, 3.10 or newer. Any one of these will do:\n  - AMQP_URL=amqp://user:password@host:5672, of a running one\n${failures.join('\n')}`,
  );
}

async function given(url: string): Promise<ProvidedRabbitMq> {
  const version = await rabbitMqVersion(url, 10_000);
  return { url, how: `RabbitMQ ${version} given by AMQP_URL`, stop: async () => undefined };
}

const start = {
  docker: startContainer,
  server: async () => {
    const found = await findServer();
    if (!found) throw new Error('no rabbitmq-server found');
    return startServer(found);
  },
  package: async (say: Say) => {
    await installServer(say);
    return start.server();
  },
};
