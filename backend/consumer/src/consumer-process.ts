import { createPool, mustAnswer } from '@app/database/pool';
import { claimSource } from '@app/database/source-kind';
import { connectRabbitMq } from '@app/rabbitmq/connect';
import { mustBeConnected } from '@app/rabbitmq/must-be-connected';
import { logLevel, readEnv } from '@app/runtime/env';
import { startHealthServer } from '@app/runtime/health';
import { createLog } from '@app/runtime/log';
import { createRegistry } from '@app/runtime/metrics';
import { runProcess } from '@app/runtime/process';
import { amqpSettings, databaseSettings, healthSettings } from '@app/runtime/settings';
import { createXApi } from '@app/x-api/client';
import { startConsumer } from './consumer.ts';
import { createConsumerMetrics } from './metrics.ts';
import { consumerSettings, xApiOptionsOf, xApiSettings } from './settings.ts';

const settingsOfProcess = {
  ...databaseSettings,
  ...amqpSettings,
  ...healthSettings(9102),
  LOG_LEVEL: logLevel,
  ...consumerSettings,
  ...xApiSettings,
};

await runProcess('consumer', async ({ onStop }) => {
  const settings = readEnv(settingsOfProcess);
  const log = createLog('consumer', settings.LOG_LEVEL);
  const registry = createRegistry();
  const onError = (error: Error) => log.warn({ err: error }, 'a database connection was lost');
  const pool = createPool({ url: settings.DATABASE_URL, name: 'consumer', plansOnce: true, onError });
  onStop(() => pool.end());
  await claimSource(pool, settings.X_API_SIMULATED ? 'simulated' : 'x');
  const xApi = createXApi(xApiOptionsOf(settings, log));
  onStop(() => xApi.close());
  const broker = await connectRabbitMq({
    url: settings.AMQP_URL,
    prefix: settings.AMQP_PREFIX,
    log,
    connectionName: 'consumer',
  });
  onStop(() => broker.close());
  const checks = { database: () => mustAnswer(pool), rabbitmq: () => mustBeConnected(broker) };
  const health = await startHealthServer(
    { registry, checks },
    { host: settings.HEALTH_HOST, port: settings.HEALTH_PORT },
  );
  onStop(() => health.close());
  const metrics = createConsumerMetrics(registry);
  const consumer = await startConsumer({ pool, broker, xApi, settings, metrics, log });
  onStop(() => consumer.stop());
  log.info({ port: health.port }, 'consumer started');
});
