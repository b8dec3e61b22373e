import { setTimeout as sleep } from 'node:timers/promises';
import { startConsumer } from '@app/consumer/consumer';
import { createConsumerMetrics } from '@app/consumer/metrics';
import { consumerSettings } from '@app/consumer/settings';
import { claimDue } from '@app/database/claim';
import { createPool, type Pool } from '@app/database/pool';
import { readEnv } from '@app/runtime/env';
import { createLog } from '@app/runtime/log';
import { runProcess } from '@app/runtime/process';
import { createInProcessBroker } from '@app/standalone/in-process-broker';
import { createXApi } from '@app/x-api/client';
import { Registry } from 'prom-client';
import { z } from 'zod';

/** One consumer as a process of its own, with more work than it can do: it fills its own lane. */
await runProcess('consumer of the measurement', async ({ onStop }) => {
  const settings = readEnv({ ...consumerSettings, DATABASE_URL: z.string(), X_API_URL: z.string() });
  const log = createLog('consumer', 'error');
  const pool = createPool({ url: settings.DATABASE_URL, name: 'consumer', onError: () => undefined });
  onStop(() => pool.end());
  const xApi = createXApi({ baseUrl: settings.X_API_URL, bearerToken: 'bench', vocabulary: 'tweet' });
  onStop(() => xApi.close());
  const broker = createInProcessBroker({ log });
  onStop(() => broker.close());
  const metrics = createConsumerMetrics(new Registry());
  const consumer = await startConsumer({ pool, broker, xApi, settings, metrics, log });
  onStop(() => consumer.stop());
  const stopping = new AbortController();
  const feeding = feed(pool, broker, stopping.signal);
  onStop(async () => {
    stopping.abort();
    await feeding;
  });
});

type Broker = ReturnType<typeof createInProcessBroker>;

/** Keeps some messages waiting, of one profile each: what is measured is calls. */
async function feed(pool: Pool, broker: Broker, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const missing = 20 - (await broker.depth('checks.fresh'));
    if (missing > 0) {
      const { claimed, leaseUntil } = await claimDue(pool, 'checks.fresh', missing, 3_600_000);
      const lease_until = new Date(leaseUntil).toISOString();
      for (const { profileId, claimVersion } of claimed) {
        const checks = [{ profile_id: profileId, claim_version: claimVersion }];
        await broker.publish('checks.fresh', { kind: 'profiles.check', lease_until, checks });
      }
    }
    await sleep(50);
  }
}
