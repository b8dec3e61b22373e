import type { Pool } from '@app/database/pool';
import { type SourceFacts, setSourceMinute } from '@app/database/source';
import { assessSource, busiestProfiles, pulse, pulseCanaries } from '@app/database/source-assess';
import { canaryIds } from '@app/database/source-canaries';
import { type Assessment, afterDowntime, assess, type GuardSettings } from '@app/policy/guard';
import { sourceHealths } from '@app/policy/guard-hold';
import type { Log } from '@app/runtime/log';
import type { GuardMetrics } from './guard-metrics.ts';
import type { GuardProcessSettings } from './guard-settings.ts';

export interface Guard {
  readonly pool: Pool;
  readonly settings: GuardProcessSettings;
  readonly metrics: GuardMetrics;
  readonly log: Log;
}

type Assessed = Assessment & { readonly facts: SourceFacts; readonly held: number };

/** As many as are counted when it is asked whether enough different profiles post. */
const mostBusiest = 50;

/**
 * Assesses the source, at first with the question whether we were down, and returns the job that does so from then on.
 * The first assessment comes before the first check is published: what is claimed after a downtime meets the hold.
 */
export async function startGuard(guard: Guard): Promise<() => Promise<void>> {
  const busiest = busiestOf(guard);
  let first = true;
  const job = async () => {
    try {
      await assessOnce(guard, await busiest(), first);
      first = false;
    } catch (error) {
      guard.metrics.failed.inc();
      guard.log.error({ err: error }, 'could not assess how far X is trusted; it stays as it was');
    }
  };
  await job();
  return job;
}

async function assessOnce(guard: Guard, posters: readonly string[], first: boolean): Promise<void> {
  const settings = policyOf(guard.settings);
  if (first) await setSourceMinute(guard.pool, settings.minute);
  const assessed = await assessSource(guard.pool, facts => decide(facts, posters.length, first, settings));
  if (assessed === null) return;
  announce(guard, assessed);
  await quicken(guard, posters, assessed);
}

function decide(
  { now, standing, view }: SourceFacts,
  posters: number,
  first: boolean,
  settings: GuardSettings,
): Assessment {
  const before = first ? afterDowntime(standing, view.lastOkAt, now, settings) : standing;
  return assess(before, { ...view, posters }, now, settings);
}

export function policyOf(settings: GuardProcessSettings): GuardSettings {
  return {
    minute: settings.GUARD_MINUTE_MS,
    quiet: settings.GUARD_WATERMARK_LAG_MS,
    canaryGaps: settings.GUARD_CANARY_GAPS,
    watermark: settings.GUARD_WATERMARK,
    posters: settings.GUARD_POSTERS,
    downtime: settings.GUARD_DOWNTIME_MS,
  };
}

/** The busiest profiles, remembered for ten minutes (two, while there are too few): finding them reads up to 200,000 rows. */
function busiestOf({ pool, settings }: Guard): () => Promise<readonly string[]> {
  let found: readonly string[] = [];
  let until = 0;
  return async () => {
    if (performance.now() < until) return found;
    found = await busiestProfiles(pool, mostBusiest);
    const minutes = found.length < settings.GUARD_POSTERS ? 2 : 10;
    until = performance.now() + minutes * settings.GUARD_MINUTE_MS;
    return found;
  };
}

/**
 * A canary is looked at when it should have posted, so that its silence is its own. And while an alert waits, or the
 * watermark lags, those who post often are looked at: a handful a minute at first, then ever more rarely, because a wait
 * of any length must not cost more than its logarithm.
 */
async function quicken(
  { pool, settings }: Guard,
  posters: readonly string[],
  { held, standing, facts }: Assessed,
): Promise<void> {
  const { GUARD_PULSE: most, GUARD_MINUTE_MS: minute, GUARD_WATERMARK_LAG_MS: quiet } = settings;
  await pulseCanaries(pool, minute);
  const lag = facts.now - (facts.view.watermark ?? facts.now);
  const waits = standing.demanded && (held > 0 || lag > quiet / 2);
  if (most === 0 || !(waits || standing.health !== 'normal')) return;
  const chosen = [...new Set([...(await canaryIds(pool, most)), ...posters])].slice(0, most);
  await pulse(pool, chosen, Math.max(minute, lag / 8));
}

function announce({ metrics, log }: Guard, { standing, reasons, facts, held }: Assessed): void {
  for (const health of sourceHealths) metrics.health.set({ health }, health === standing.health ? 1 : 0);
  metrics.held.set(held);
  if (facts.view.watermark !== null) metrics.lag.set((facts.now - facts.view.watermark) / 1_000);
  if (standing.health === facts.standing.health) return;
  const said = { from: facts.standing.health, to: standing.health, reasons, held };
  if (standing.health === 'incident') log.error(said, 'X cannot be trusted: alerts are held');
  else log.warn(said, 'how far X is trusted has changed');
}
