import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@app/database/migrate';
import { startEmbeddedPostgres } from '@app/standalone/postgres/server';
import type { TestProject } from 'vitest/node';

/** A real PostgreSQL with a migrated template database, and a real RabbitMQ, for as long as the tests run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'monitor-test-'));
  // Tests ask for correctness, not durability: fsync off makes cloning a database several times faster.
  const settings = {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '300',
  };
  const postgres = await startEmbeddedPostgres({ folder, settings });
  await migrate(postgres.url);
  project.provide('databaseUrl', postgres.url);
  project.provide('amqpUrl', '');
  return async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
