import { setTimeout as sleep } from 'node:timers/promises';
import { lanes } from '@app/contract/message';
import { overdue } from '@app/database/claim';
import { census } from './census.ts';
import { startGuard } from './guard.ts';
import { createJobRunner } from './jobs.ts';
import { startMaintenance } from './maintain.ts';
import { createPasses, type Passes, type Production } from './produce.ts';
import { steadyCron } from './steady-cron.ts';
import { steerFreshness } from './steering.ts';

export interface Producer {
  /** Takes no further tick and waits until what was claimed is published or given back. */
  stop(): Promise<void>;
}

const tickMs = 1_000;
/** So many ticks in a row are sat out, doubling with each failure. */
const longestRest = 30;

/** Runs the producer's jobs: due rows become messages every second, and the database is maintained every night. */
export async function startProducer(production: Production): Promise<Producer> {
  const stopping = new AbortController();
  const maintaining = { ...production, metrics: production.metrics.maintenance };
  const maintenance = await startMaintenance(maintaining, stopping.signal);
  const guard = await startGuard({ ...production, metrics: production.metrics.guard });
  const passes = createPasses(production);
  const ticks = tickingOf(production, passes, stopping.signal);
  const jobs = createJobRunner({ ...production, metrics: production.metrics.jobs }, stopping.signal);
  const tasks = [
    steadyCron('produce', production.settings.PRODUCER_CRON, ticks.tick),
    steadyCron('guard', production.settings.GUARD_CRON, guard),
    steadyCron('steer', production.settings.STEER_CRON, () => steerFreshness(production)),
    steadyCron('census', production.settings.CENSUS_CRON, () => census(production, stopping.signal)),
    steadyCron('jobs', '* * * * * *', jobs.tick),
    steadyCron('gauges', '*/5 * * * * *', () => measure(production, passes)),
    steadyCron('maintain', production.settings.MAINTENANCE_CRON, maintenance.nightly),
    steadyCron('roll-up', production.settings.ROLL_UP_CRON, maintenance.hourly),
  ];
  return {
    async stop() {
      stopping.abort();
      await Promise.all(tasks.map(task => task.destroy()));
      await Promise.all([ticks.inHand(), jobs.inHand(), maintenance.inHand()]);
    },
  };
}

const ignore = (): undefined => undefined;

/** Ticks that fail are logged once each, and followed by a rest that doubles: a lost database is not asked at full speed. */
function tickingOf(production: Production, { pass }: Passes, signal: AbortSignal) {
  let current: Promise<void> = Promise.resolve();
  let failures = 0;
  let rest = 0;
  const take = async () => {
    try {
      await repeat(production, pass, signal);
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

async function repeat(production: Production, pass: Passes['pass'], signal: AbortSignal): Promise<void> {
  const until = performance.now() + tickMs - production.settings.PRODUCER_PASS_MS / 2;
  do {
    await pass(signal);
    if (production.settings.PRODUCER_PASS_MS >= tickMs) return;
    await pause(production.settings.PRODUCER_PASS_MS, signal);
  } while (performance.now() < until && !signal.aborted);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(ignore);
}

async function measure({ claims, metrics, log }: Production, { markOf }: Passes): Promise<void> {
  try {
    for (const lane of lanes) {
      const { oldestMs } = await overdue(claims, lane, 1, markOf(lane));
      metrics.oldest.set({ lane }, oldestMs / 1_000);
    }
  } catch (error) {
    log.warn({ err: error }, 'could not measure what is due');
  }
}
