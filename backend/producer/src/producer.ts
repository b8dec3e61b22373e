import { setTimeout as sleep } from 'node:timers/promises';
import { lanes } from '@app/contract/message';
import { overdue } from '@app/database/claim';
import { makeActivityPartitions } from '@app/database/maintenance';
import { pruneSource } from '@app/database/source-tally';
import { startGuard } from './guard.ts';
import { type Production, produce } from './produce.ts';
import { steadyCron } from './steady-cron.ts';
import { steerFreshness } from './steering.ts';

export interface Producer {
  /** Takes no further tick and waits until what was claimed is published or given back. */
  stop(): Promise<void>;
}

const tickMs = 1_000;
/** So many ticks in a row are sat out, doubling with each failure. */
const longestRest = 30;

/** Runs the producer's jobs: due rows become messages every second, partitions are made ahead every night. */
export async function startProducer(production: Production): Promise<Producer> {
  const stopping = new AbortController();
  await maintain(production);
  const guard = await startGuard({ ...production, metrics: production.metrics.guard });
  const ticks = tickingOf(production, stopping.signal);
  const tasks = [
    steadyCron('produce', production.settings.PRODUCER_CRON, ticks.tick),
    steadyCron('guard', production.settings.GUARD_CRON, guard),
    steadyCron('steer', production.settings.STEER_CRON, () => steerFreshness(production)),
    steadyCron('gauges', '*/5 * * * * *', () => measure(production)),
    steadyCron('maintain', production.settings.MAINTENANCE_CRON, () => maintain(production)),
  ];
  return {
    async stop() {
      stopping.abort();
      await Promise.all(tasks.map(task => task.destroy()));
      await ticks.inHand();
    },
  };
}

const ignore = (): undefined => undefined;

/** Ticks that fail are logged once each, and followed by a rest that doubles: a lost database is not asked at full speed. */
function tickingOf(production: Production, signal: AbortSignal) {
  let current: Promise<void> = Promise.resolve();
  let failures = 0;
  let rest = 0;
  const take = async () => {
    try {
      await passes(production, signal);
      failures = 0;
    } catch (error) {
      failures++;
      rest = Math.min(2 ** (failures - 1), longestRest);
      production.metrics.failedTicks.inc();
      production.log.error({ err: error, failures, restSeconds: rest }, 'a producer tick failed');
    }
  };
  const tick = async () => {
    if (signal.aborted || rest-- > 0) return;
    rest = 0;
    current = take();
    await current;
  };
  return { tick, inHand: () => current };
}

async function passes(production: Production, signal: AbortSignal): Promise<void> {
  const until = performance.now() + tickMs - production.settings.PRODUCER_PASS_MS / 2;
  do {
    await produce(production, signal);
    if (production.settings.PRODUCER_PASS_MS < tickMs)
      await pause(production.settings.PRODUCER_PASS_MS, signal);
  } while (performance.now() < until && !signal.aborted);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(ignore);
}

async function measure({ pool, metrics, log }: Production): Promise<void> {
  try {
    for (const lane of lanes) metrics.oldest.set({ lane }, (await overdue(pool, lane, 1)).oldestMs / 1_000);
  } catch (error) {
    log.warn({ err: error }, 'could not measure what is due');
  }
}

async function maintain({ pool, settings, log }: Production): Promise<void> {
  try {
    const made = await makeActivityPartitions(pool);
    if (made > 0) log.info({ made }, 'activity partitions made ahead');
    await pruneSource(pool, settings.GUARD_KEEP_DAYS);
  } catch (error) {
    log.error({ err: error }, 'maintenance failed; trying again at the next one');
  }
}
