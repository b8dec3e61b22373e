import { createPool, mustAnswer } from '@app/database/pool';
import { connectRabbitMq } from '@app/rabbitmq/connect';
import { mustBeConnected } from '@app/rabbitmq/must-be-connected';
import { logLevel, readEnv } from '@app/runtime/env';
import { startHealthServer } from '@app/runtime/health';
import { createLog } from '@app/runtime/log';
import { createRegistry } from '@app/runtime/metrics';
import { runProcess } from '@app/runtime/process';
import { amqpSettings, databaseSettings, healthSettings } from '@app/runtime/settings';
import { createProducerMetrics } from './metrics.ts';
import { startProducer } from './producer.ts';
import { producerSettings } from './settings.ts';

const settingsOfProcess = {
  ...databaseSettings,
  ...amqpSettings,
  ...healthSettings(9101),
  LOG_LEVEL: logLevel,
  ...producerSettings,
};

await runProcess('producer', async ({ onStop }) => {
  const settings = readEnv(settingsOfProcess);
  const log = createLog('producer', settings.LOG_LEVEL);
  const registry = createRegistry();
  const onError = (error: Error) => log.warn({ err: error }, 'a database connection was lost');
  const poolOf = (plansOnce: boolean) =>
    createPool({ url: settings.DATABASE_URL, name: 'producer', plansOnce, onError });
  const [pool, claims] = [poolOf(false), poolOf(true)];
  onStop(() => Promise.all([pool.end(), claims.end()]).then(() => undefined));
  const broker = await connectRabbitMq({
    url: settings.AMQP_URL,
    prefix: settings.AMQP_PREFIX,
    log,
    connectionName: 'producer',
  });
  onStop(() => broker.close());
  const checks = { database: () => mustAnswer(pool), rabbitmq: () => mustBeConnected(broker) };
  const health = await startHealthServer(
    { registry, checks },
    { host: settings.HEALTH_HOST, port: settings.HEALTH_PORT },
  );
  onStop(() => health.close());
  const metrics = createProducerMetrics(registry);
  const producer = await startProducer({ pool, claims, broker, settings, metrics, log });
  onStop(() => producer.stop());
  log.info({ port: health.port }, 'producer started');
});
