import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@app/database/migrate';
import { processEnv } from '@app/runtime/env';
import { startEmbeddedPostgres } from '@app/standalone/postgres/server';
import type { TestProject } from 'vitest/node';
import { provideRabbitMq } from './rabbitmq.ts';

interface Provided {
  readonly databaseUrl: string;
  readonly amqpUrl: string;
  stop(): Promise<void>;
}

/** Several projects of one run share what is provided; the last to end stops it. */
const shared: { provided?: Promise<Provided>; users: number } = { users: 0 };

/** A real PostgreSQL with a migrated template database, and a real RabbitMQ, for as long as the tests run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.users++;
  shared.provided ??= provideAll();
  const provided = await shared.provided;
  project.provide('databaseUrl', provided.databaseUrl);
  project.provide('amqpUrl', provided.amqpUrl);
  return async () => {
    shared.users--;
    if (shared.users === 0) await provided.stop();
  };
}

async function provideAll(): Promise<Provided> {
  const folder = await mkdtemp(join(tmpdir(), 'monitor-test-'));
  // Tests ask for correctness, not durability: fsync off makes cloning a database several times faster.
  const settings = {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '300',
  };
  const postgres = await startEmbeddedPostgres({ folder, settings });
  const stopDatabase = async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await migrate(postgres.url);
    const rabbitMq = await provideRabbitMq({ amqpUrl: processEnv.AMQP_URL, say });
    say(`tests run on PostgreSQL 18 (embedded) and ${rabbitMq.how}`);
    const stop = async () => {
      await rabbitMq.stop();
      await stopDatabase();
    };
    return { databaseUrl: postgres.url, amqpUrl: rabbitMq.url, stop };
  } catch (error) {
    await stopDatabase();
    throw error;
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
