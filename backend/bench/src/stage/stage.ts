import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeBudget, unlimitedBudget } from '@app/database/budget-settings';
import { migrate } from '@app/database/migrate';
import { createPool, type Pool } from '@app/database/pool';
import { provideRabbitMq } from '@app/e2e/provision/rabbitmq';
import { processEnv } from '@app/runtime/env';
import type { Lifecycle } from '@app/runtime/process';
import { startEmbeddedPostgres } from '@app/standalone/postgres/server';
import { sizedSettings } from '@app/standalone/postgres/sized';
import { startSimulatorProcess } from './simulator-process.ts';

/** What every part of the bench stands on, all of it real and on this machine. */
export interface Stage {
  readonly pool: Pool;
  readonly databaseUrl: string;
  readonly amqpUrl: string;
  /** PostgreSQL's first process, the parent of all its others. */
  readonly postmaster: number;
  readonly simulator: { readonly url: string; readonly pid: number };
  /** In words, for the report. */
  readonly versions: string;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  readonly onStop: Lifecycle['onStop'];
}

/** A quarter of the memory is PostgreSQL's: what its manual recommends for a server of its own. */
const share = 0.25;

export async function openStage(
  { onStop }: Lifecycle,
  extra: Readonly<Record<string, string>> = {},
): Promise<Stage> {
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  const stopping = new AbortController();
  const databaseUrl = await openDatabase(onStop, extra);
  const pool = createPool({
    url: databaseUrl,
    name: 'bench',
    statementTimeoutMs: 0,
    onError: () => undefined,
  });
  onStop(() => pool.end());
  await changeBudget(pool, unlimitedBudget);
  const rabbitMq = await provideRabbitMq({ amqpUrl: processEnv.AMQP_URL, say: log });
  onStop(() => rabbitMq.stop());
  const simulator = await startSimulatorProcess();
  onStop(() => simulator.stop());
  onStop(() => stopping.abort());
  const { rows } = await pool.query<{ version: string; postmaster: number }>(
    `SELECT split_part(version(), ' on ', 1) AS version, split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::integer AS postmaster`,
  );
  const postmaster = rows[0]?.postmaster ?? 0;
  const versions = `${rows[0]?.version}, ${rabbitMq.how}, Node ${process.versions.node}`;
  const { signal } = stopping;
  return { pool, databaseUrl, postmaster, amqpUrl: rabbitMq.url, simulator, versions, signal, log, onStop };
}

async function openDatabase(
  onStop: Lifecycle['onStop'],
  extra: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  onStop(() => rm(folder, { recursive: true, force: true }));
  const settings = { ...sizedSettings(share), max_connections: '200', ...extra };
  const postgres = await startEmbeddedPostgres({ folder, settings });
  onStop(() => postgres.stop());
  await migrate(postgres.url);
  return postgres.url;
}
