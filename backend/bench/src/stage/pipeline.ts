import { type Service, startService } from '@app/e2e/processes';
import { type Found, residentOf, type Usage, usageBy } from './cpu.ts';
import { scrape } from './scrape.ts';
import type { Stage } from './stage.ts';

/** The producer and the consumers, processes of their own as in containers. */
export interface Pipeline {
  /** Checks written so far, as the consumers count them. */
  written(): Promise<number>;
  /** Resident bytes of the largest consumer. */
  largestConsumer(): Promise<number>;
  /** Observations of a histogram of the consumers: how many up to each bound. */
  histogram(name: string, lane: string): Promise<Map<number, number>>;
  usage(): Promise<Map<string, Usage>>;
  readonly consumers: readonly Service[];
  stop(): Promise<void>;
}

/** Deadlines, people and freshness as fast as it goes: every profile is worth another look at once. */
const always = {
  FRESHNESS_K_MS: '1000',
  FRESHNESS_FLOOR_MS: '1',
  STEER_CRON: '0 0 0 1 1 *',
  // Once an hour and once a night, for minutes: they would fall into one run and not into another.
  MAINTENANCE_CRON: '0 0 0 1 1 *',
  ROLL_UP_CRON: '0 0 0 1 1 *',
};

export interface PipelineOptions {
  readonly consumers: number;
  readonly env?: Readonly<Record<string, string>>;
}

export async function startPipeline(
  stage: Stage,
  { consumers, env = {} }: PipelineOptions,
): Promise<Pipeline> {
  const shared = {
    DATABASE_URL: stage.databaseUrl,
    AMQP_URL: stage.amqpUrl,
    AMQP_PREFIX: 'bench.',
    X_API_URL: stage.simulator.url,
    X_BEARER_TOKEN: 'bench',
    X_API_SIMULATED: 'true',
    ...always,
    ...env,
  };
  const services: Service[] = [];
  for (let i = 0; i < consumers; i++) services.push(await startService('consumer', shared));
  const workers = [...services];
  services.push(await startService('producer', shared));
  const stop = async () => {
    for (const service of services.splice(0).reverse()) await service.stop();
  };
  stage.onStop(stop);
  const sum = async (name: string) => {
    const all = await Promise.all(workers.map(({ url }) => scrape(`${url}/metrics`)));
    return all
      .flatMap(({ samples }) => samples.filter(one => one.name === name))
      .reduce((total, one) => total + one.value, 0);
  };
  return {
    consumers: workers,
    written: () => sum('checks_written_total'),
    largestConsumer: async () => {
      const sizes = await Promise.all(workers.map(({ pid }) => residentOf(pid)));
      return Math.max(...sizes);
    },
    histogram: (name, lane) => bucketsOf(workers, name, lane),
    usage: () => usageBy(namesOf(stage, services)),
    stop,
  };
}

/** Observations up to each bound, in seconds. */
async function bucketsOf(
  workers: readonly Service[],
  name: string,
  lane: string,
): Promise<Map<number, number>> {
  const sums = new Map<number, number>();
  for (const { url } of workers) {
    const { samples } = await scrape(`${url}/metrics`);
    const buckets = samples.filter(one => one.name === `${name}_bucket` && one.labels.lane === lane);
    for (const { labels, value } of buckets) {
      const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
      sums.set(bound, (sums.get(bound) ?? 0) + value);
    }
  }
  return sums;
}

function namesOf({ simulator, postmaster }: Stage, services: readonly Service[]) {
  const known = new Map<number, string>([
    [simulator.pid, 'simulator'],
    [process.pid, 'bench'],
    ...services.map(({ pid, name }) => [pid, name] as const),
  ]);
  return ({ pid, parent, command }: Found) => {
    if (parent === postmaster || pid === postmaster) return 'postgres';
    if (command.startsWith('beam')) return 'rabbitmq';
    return known.get(pid) ?? null;
  };
}
