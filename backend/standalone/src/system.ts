import { createApp } from '@app/api/app';
import { startApi } from '@app/api/server';
import { startConsumer } from '@app/consumer/consumer';
import { type ConsumerMetrics, createConsumerMetrics } from '@app/consumer/metrics';
import { xApiOptionsOf } from '@app/consumer/settings';
import { changeBudget, unlimitedBudget } from '@app/database/budget-settings';
import { addDemo } from '@app/database/demo';
import { migrate } from '@app/database/migrate';
import { createPool, mustAnswer, type Pool } from '@app/database/pool';
import { claimSource } from '@app/database/source-kind';
import { createProducerMetrics } from '@app/producer/metrics';
import { startProducer } from '@app/producer/producer';
import type { Broker } from '@app/rabbitmq/broker';
import { connectRabbitMq } from '@app/rabbitmq/connect';
import { mustBeConnected } from '@app/rabbitmq/must-be-connected';
import { createLog, type Log } from '@app/runtime/log';
import { createRegistry } from '@app/runtime/metrics';
import type { Lifecycle } from '@app/runtime/process';
import { createXApi } from '@app/x-api/client';
import { createInProcessBroker } from './in-process-broker.ts';
import { isSimulated, type Settings, simulatedFolder } from './options.ts';
import { startEmbeddedPostgres } from './postgres/server.ts';
import { openXSource, type XSource } from './x-source.ts';

/** What is running, in words for people. */
export interface System {
  readonly port: number;
  readonly database: string;
  readonly broker: string;
  readonly source: string;
}

interface Parts {
  readonly settings: Settings;
  readonly pool: Pool;
  /** For claims, looks and their results: it plans once. */
  readonly checks: Pool;
  readonly broker: Broker;
  readonly source: XSource;
  readonly log: Log;
}

/** Starts the whole system in this process; what the settings name replaces the embedded part. */
export async function startSystem(settings: Settings, { onStop }: Lifecycle): Promise<System> {
  const log = createLog('standalone', settings.LOG_LEVEL);
  const database = await openDatabase(settings, onStop);
  const onError = (error: Error) => log.warn({ err: error }, 'a database connection was lost');
  const pool = createPool({ url: database.url, name: 'standalone', onError });
  const checks = createPool({ url: database.url, name: 'standalone checks', plansOnce: true, onError });
  onStop(() => Promise.all([pool.end(), checks.end()]).then(() => undefined));
  await claimSource(pool, isSimulated(settings) ? 'simulated' : 'x');
  const source = await openXSource(settings);
  onStop(() => source.close());
  const demo = source.simulated ? await addDemo(pool) : 0;
  const broker = await openBroker(settings, log);
  onStop(() => broker.close());
  const port = await startParts({ settings, pool, checks, broker, source, log }, onStop);
  return {
    port,
    database: database.words,
    broker: settings.AMQP_URL ? 'RabbitMQ' : 'in this process',
    source: sourceWords(source, demo),
  };
}

async function openDatabase(
  settings: Settings,
  onStop: Lifecycle['onStop'],
): Promise<{ url: string; words: string }> {
  if (settings.DATABASE_URL) {
    await migrate(settings.DATABASE_URL);
    return { url: settings.DATABASE_URL, words: new URL(settings.DATABASE_URL).host };
  }
  const folder = settings.DATA_DIR ?? (isSimulated(settings) ? simulatedFolder : '.data');
  const postgres = await startEmbeddedPostgres({ folder });
  onStop(() => postgres.stop());
  await migrate(postgres.url);
  return { url: postgres.url, words: `PostgreSQL 18, embedded, in ${folder}` };
}

async function openBroker(settings: Settings, log: Log): Promise<Broker> {
  if (settings.AMQP_URL === undefined) return createInProcessBroker({ log });
  return connectRabbitMq({
    url: settings.AMQP_URL,
    prefix: settings.AMQP_PREFIX,
    log,
    connectionName: 'standalone',
  });
}

/** The api listens first, so that a port in use is known at once; it is ready when everything is. */
async function startParts(parts: Parts, onStop: Lifecycle['onStop']): Promise<number> {
  const { settings, pool, broker, log } = parts;
  const registry = createRegistry();
  let running = false;
  const checks = {
    database: () => mustAnswer(pool),
    broker: () => mustBeConnected(broker),
    checks: () => mustRun(running),
  };
  const app = createApp({
    pool,
    log,
    health: { registry, checks },
    confirmDelayMs: settings.CONFIRM_DELAY_MS,
  });
  const api = await startApi({ app, host: settings.HOST, port: settings.PORT });
  onStop(() => api.close());
  const producer = await startProducer({
    pool,
    claims: parts.checks,
    broker,
    settings,
    metrics: createProducerMetrics(registry),
    log,
  });
  onStop(() => producer.stop());
  await startConsuming(parts, createConsumerMetrics(registry), onStop);
  running = true;
  return api.port;
}

function mustRun(running: boolean): void {
  if (!running) throw new Error('starting');
}

async function startConsuming(
  parts: Parts,
  metrics: ConsumerMetrics,
  onStop: Lifecycle['onStop'],
): Promise<void> {
  const { settings, source, log } = parts;
  const xApi = createXApi(
    xApiOptionsOf({ ...settings, X_API_URL: source.url, X_BEARER_TOKEN: source.token }, log),
  );
  onStop(() => xApi.close());
  if (source.simulated) await changeBudget(parts.pool, unlimitedBudget);
  for (let i = 0; i < settings.CONSUMERS; i++) {
    const consumer = await startConsumer({ ...parts, pool: parts.checks, xApi, metrics });
    onStop(() => consumer.stop());
  }
}

function sourceWords(source: XSource, demo: number): string {
  if (!source.simulated) return source.url;
  const added = demo > 0 ? `; ${demo} demo profiles were added` : '';
  return `simulated (a day passes in a minute${added}); set X_BEARER_TOKEN for the real one`;
}
