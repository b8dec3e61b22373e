import { z } from 'zod';
import { address, port } from './env.ts';

/** Settings that several processes share, by their names in the environment. */
export const databaseSettings = {
  DATABASE_URL: address('postgres:', 'postgresql:'),
};

export const amqpSettings = {
  AMQP_URL: address('amqp:', 'amqps:'),
  /** Put before every queue name, so that several systems can share one RabbitMQ. */
  AMQP_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,100}$/, 'must be at most 100 letters, digits, dots, dashes or underscores')
    .default(''),
};

/** Where a process that serves nothing else answers /livez, /readyz and /metrics. */
export function healthSettings(defaultPort: number) {
  return { HEALTH_HOST: z.string().default('127.0.0.1'), HEALTH_PORT: port.default(defaultPort) };
}
