import { migrate } from '@app/database/migrate';
import { createPool, mustAnswer } from '@app/database/pool';
import { address, logLevel, port, readEnv, wholeNumber } from '@app/runtime/env';
import { createLog } from '@app/runtime/log';
import { createRegistry } from '@app/runtime/metrics';
import { runProcess } from '@app/runtime/process';
import { z } from 'zod';
import { createApp } from './app.ts';
import { startApi } from './server.ts';

/** The API as a process of its own. */
void runProcess('api', async lifecycle => {
  const env = readSettings();
  const log = createLog('api', env.LOG_LEVEL);
  await migrate(env.DATABASE_URL);
  const pool = createPool({
    url: env.DATABASE_URL,
    name: 'api',
    connections: env.DATABASE_CONNECTIONS,
    onError: error => log.warn({ err: error }, 'lost an idle connection to the database'),
  });
  lifecycle.onStop(() => pool.end());
  const health = { registry: createRegistry(), checks: { database: () => mustAnswer(pool) } };
  const { CONFIRM_DELAY_MS: confirmDelayMs, IMPORT_MAX_BYTES: importMaxBytes } = env;
  const app = createApp({ pool, log, health, confirmDelayMs, importMaxBytes });
  const server = await startApi({ app, host: env.HOST, port: env.PORT });
  lifecycle.onStop(() => server.close());
  log.info({ host: env.HOST, port: server.port }, 'listening');
});

function readSettings() {
  return readEnv({
    DATABASE_URL: address('postgres:', 'postgresql:'),
    DATABASE_CONNECTIONS: wholeNumber(4, 1_000).default(10),
    HOST: z.string().default('127.0.0.1'),
    PORT: port.default(3_000),
    LOG_LEVEL: logLevel,
    CONFIRM_DELAY_MS: wholeNumber(0, 86_400_000).default(60_000),
    IMPORT_MAX_BYTES: wholeNumber(1_024, 1_099_511_627_776).default(256 * 1024 * 1024),
  });
}
