import { alertDaysStep, rollUpAlerts } from '@app/database/alert-days';
import {
  leadMaintenance,
  markSucceeded,
  readMaintenance,
  type Succeeded,
  type Work,
  workOn,
} from '@app/database/maintenance';
import { makeActivityPartitions } from '@app/database/partitions';
import { type Client, mustAnswer, type Pool } from '@app/database/pool';
import { type Retention, retainActivities, retainAlerts, retainRollUps } from '@app/database/retention';
import { activityDaysStep, rollUpRecent } from '@app/database/roll-up';
import { pruneSource } from '@app/database/source-tally';
import type { Log } from '@app/runtime/log';
import type { MaintenanceMetrics } from './maintenance-metrics.ts';
import type { MaintenanceSettings } from './maintenance-settings.ts';

export interface Maintaining {
  readonly pool: Pool;
  readonly settings: MaintenanceSettings & { readonly GUARD_KEEP_DAYS: number };
  readonly metrics: MaintenanceMetrics;
  readonly log: Log;
}

export interface Maintenance {
  /** Everything. */
  nightly(): Promise<void>;
  /** The counts of the last days, and what should have been done long ago. */
  hourly(): Promise<void>;
  /** What is at work still. */
  inHand(): Promise<unknown>;
}

interface Done {
  /** What had been seen until then is in the result. */
  readonly asOf?: number;
  /** Numbers worth a line in the log when they are not zero. */
  readonly said?: Readonly<Record<string, number>>;
}

interface Step {
  readonly name: string;
  readonly run: (work: Work, maintaining: Maintaining, keep: Retention) => Promise<Done>;
  /** Nothing is thrown away before this step has counted it. */
  readonly after?: string;
}

/** In this order. */
const steps: readonly Step[] = [
  {
    name: 'partitions',
    run: async (work, { pool }) => ({ said: { made: await work.piece(() => makeActivityPartitions(pool)) } }),
  },
  { name: activityDaysStep, run: async work => ({ asOf: await rollUpRecent(work) }) },
  { name: alertDaysStep, run: async work => ({ asOf: await rollUpAlerts(work) }) },
  {
    name: 'activities',
    run: async (work, _, keep) => ({ said: { monthsDropped: await retainActivities(work, keep) } }),
  },
  {
    name: 'alerts',
    after: alertDaysStep,
    run: async (work, _, keep) => ({ said: { alertsDeleted: await retainAlerts(work, keep) } }),
  },
  {
    name: 'roll_ups',
    run: async (work, _, keep) => ({ said: { countedMonthsDropped: await retainRollUps(work, keep) } }),
  },
  {
    name: 'source',
    run: async (work, { settings }) => {
      await work.piece(() => pruneSource(work.db, settings.GUARD_KEEP_DAYS));
      return {};
    },
  },
];

type IsDue = (step: string, last: Succeeded | undefined) => boolean;

/** A step that was missed is made up for after a day, and a little more than the night's work may take. */
const overdueMs = 24.5 * 3_600_000;
/** Counting may take a hundredth of the time. */
const countShare = 100;

const isDueHourly: IsDue = (step, last) => {
  if (last === undefined) return true;
  const isCount = step === activityDaysStep || step === alertDaysStep;
  return last.agoMs >= (isCount ? last.busyMs * countShare : overdueMs);
};

/**
 * Makes what inserts cannot do without, at once, and returns the jobs. They end at the next piece of work when the signal comes: what was done
 * is kept, and whoever comes next goes on with it.
 */
export async function startMaintenance(maintaining: Maintaining, signal: AbortSignal): Promise<Maintenance> {
  let current: Promise<unknown> = Promise.resolve();
  const job = (isDue: IsDue) => () => {
    const run = maintain(maintaining, signal, isDue);
    current = Promise.all([current, run]);
    return run;
  };
  await makePartitions(maintaining);
  return {
    nightly: job(() => true),
    hourly: job(isDueHourly),
    inHand: () => current,
  };
}

async function makePartitions({ pool, metrics, log }: Maintaining): Promise<void> {
  try {
    const made = await makeActivityPartitions(pool);
    if (made > 0) log.info({ made }, 'activity partitions made ahead');
  } catch (error) {
    metrics.failed.inc({ step: 'partitions' });
    log.error({ err: error }, 'could not make the activity partitions ahead; trying again within the hour');
  }
}

async function maintain(maintaining: Maintaining, signal: AbortSignal, isDue: IsDue): Promise<void> {
  const { pool, log } = maintaining;
  try {
    const leads = await leadMaintenance(pool, db => runSteps(maintaining, db, signal, isDue));
    if (!leads) log.debug({}, 'another producer is maintaining the database; nothing to do');
    show(maintaining, await readMaintenance(pool));
  } catch (error) {
    if (!signal.aborted) log.error({ err: error }, 'maintenance was broken off; it goes on at its next time');
  }
}

async function runSteps(
  maintaining: Maintaining,
  db: Client,
  signal: AbortSignal,
  isDue: IsDue,
): Promise<void> {
  const last = new Map((await readMaintenance(db)).map(one => [one.step, one]));
  const failed = new Set<string>();
  for (const step of steps) {
    if (!isDue(step.name, last.get(step.name)) || (step.after && failed.has(step.after))) continue;
    if (!(await runStep(maintaining, step, workOn(db, signal)))) failed.add(step.name);
  }
}

/** One step that fails does not keep the others from their work, unless the connection is lost, and with it the lead. */
async function runStep(maintaining: Maintaining, step: Step, work: Work): Promise<boolean> {
  const { metrics, log } = maintaining;
  const startedAt = (await work.db.query<{ now: number }>('SELECT now() AS now')).rows[0]?.now ?? 0;
  try {
    const { asOf = startedAt, said = {} } = await step.run(work, maintaining, keepOf(maintaining.settings));
    await markSucceeded(work.db, step.name, asOf, work.busyMs());
    if (Object.values(said).some(value => value > 0)) log.info({ step: step.name, ...said }, 'maintenance');
    return true;
  } catch (error) {
    if (work.signal.aborted) throw error;
    metrics.failed.inc({ step: step.name });
    if (!(await answers(work.db))) throw error;
    log.error(
      { err: error, step: step.name },
      'a step of the maintenance failed; trying again at its next time',
    );
    return false;
  }
}

function answers(db: Client): Promise<boolean> {
  return mustAnswer(db).then(
    () => true,
    () => false,
  );
}

function keepOf(settings: MaintenanceSettings): Retention {
  return {
    activities: settings.RETENTION_DAYS,
    alerts: settings.ALERT_RETENTION_DAYS,
    rollUps: settings.ROLL_UP_RETENTION_DAYS,
  };
}

/** The last successes are the database's, whoever had them: so every producer shows the same. */
function show({ metrics }: Maintaining, successes: readonly Succeeded[]): void {
  for (const { step, agoMs, busyMs } of successes) {
    metrics.succeeded.set({ step }, Math.floor((Date.now() - agoMs) / 1_000));
    metrics.duration.set({ step }, busyMs / 1_000);
  }
}
