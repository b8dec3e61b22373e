import { availableParallelism } from 'node:os';
import { createPool, type Pool } from '@app/database/pool';
import { mayTrust, seededTables } from '@app/database/seed/load-profiles';
import { seedGroups } from '@app/database/seed/seeded-groups';
import { indexesAreInTheWay, openSeeding, type Seeding } from '@app/database/seed/seeding';
import type { Pace } from '@app/policy/next-check';
import { demoWorld } from '../x-source.ts';
import { createTurns } from './turns.ts';
import type { WorkerTask } from './worker.ts';
import { loadInThreads } from './workers.ts';

export interface SeedOptions {
  readonly databaseUrl: string;
  readonly profiles: number;
  /** The first id. Default: the first that nobody has. */
  readonly from?: number | undefined;
  /** How many groups they belong to, the default group among them. Default 50. */
  readonly groups?: number | undefined;
  /** Whether every profile is due now, in any order, for up to an hour already. Default: as the policy plans it. */
  readonly allDue?: boolean | undefined;
  /** Simulated time against real time; it must be the simulator's. Default: that of `npm start`. */
  readonly speed?: number | undefined;
  readonly pace?: Pace | undefined;
  readonly onProgress?: ((progress: SeedProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SeedProgress {
  readonly step: 'profiles' | 'indexes' | 'vacuum';
  readonly done: number;
  readonly of: number;
  readonly seconds: number;
}

export interface Seeded {
  readonly from: number;
  readonly profiles: number;
  readonly seconds: number;
  readonly loadSeconds: number;
  readonly indexSeconds: number;
  readonly vacuumSeconds: number;
}

const defaultPace: Pace = {
  confirmDelay: 60_000,
  freshnessK: 86_400_000,
  freshnessFloor: 60_000,
  retryBase: 5_000,
  retryCap: 900_000,
};
/** Within so long all are looked at for the first time. Longer, and many would be due again before they are in. */
const spread = 60_000;
const defaultGroups = 50;
/** Either a thread or its session is at work, so that one for each core keeps all busy, and one more where others wait for their turns. */
const mostThreads = 8;

/** Fills the database with simulated profiles, each as the product itself would have left it after its first looks. */
export async function seedProfiles(options: SeedOptions): Promise<Seeded> {
  const pool = createPool({
    url: options.databaseUrl,
    name: 'seed control',
    connections: 2,
    statementTimeoutMs: 0,
    onError: () => undefined,
  });
  try {
    const seeding = await openSeeding(pool, options.databaseUrl, availableParallelism());
    const cancel = () => void seeding.cancel().catch(() => undefined);
    options.signal?.addEventListener('abort', cancel);
    try {
      return await fill(pool, seeding, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error;
    } finally {
      options.signal?.removeEventListener('abort', cancel);
      await seeding.close();
    }
  } finally {
    await pool.end();
  }
}

async function fill(pool: Pool, seeding: Seeding, options: SeedOptions): Promise<Seeded> {
  const began = performance.now();
  const signal = options.signal ?? new AbortController().signal;
  const secondsSince = (then: number) => (performance.now() - then) / 1_000;
  const tell = (step: SeedProgress['step'], done: number, of: number) =>
    options.onProgress?.({ step, done, of, seconds: secondsSince(began) });
  const from = options.from ?? seeding.nextId;
  const profiles = await load(pool, seeding, { ...options, from, signal }, done =>
    tell('profiles', done, options.profiles),
  );
  signal.throwIfAborted();
  const loadSeconds = secondsSince(began);
  await seeding.restoreIndexes((done, of) => tell('indexes', done, of));
  signal.throwIfAborted();
  const indexSeconds = secondsSince(began) - loadSeconds;
  tell('vacuum', 0, 1);
  await seeding.tidy();
  const seconds = secondsSince(began);
  return {
    from,
    profiles,
    seconds,
    loadSeconds,
    indexSeconds,
    vacuumSeconds: seconds - loadSeconds - indexSeconds,
  };
}

async function load(
  pool: Pool,
  seeding: Seeding,
  options: SeedOptions & { readonly from: number; readonly signal: AbortSignal },
  onLoaded: (profiles: number) => void,
): Promise<number> {
  const { from, profiles, signal } = options;
  if (await indexesAreInTheWay(pool, profiles)) await seeding.dropIndexes();
  const task = await taskOf(pool, options);
  const databaseNow = await seeding.now();
  const readAt = performance.now();
  let loaded = 0;
  await loadInThreads(task, {
    from,
    until: from + profiles,
    threads: Math.min(availableParallelism() + 1, mostThreads),
    now: () => Math.floor(databaseNow + performance.now() - readAt),
    onLoaded: more => {
      loaded += more;
      onLoaded(loaded);
    },
    signal,
  });
  return loaded;
}

async function taskOf(pool: Pool, options: SeedOptions): Promise<WorkerTask> {
  return {
    databaseUrl: options.databaseUrl,
    seed: demoWorld.seed,
    speed: options.speed ?? demoWorld.speed,
    groups: await seedGroups(pool, options.groups ?? defaultGroups),
    pace: options.pace ?? defaultPace,
    spread,
    allDue: options.allDue ?? false,
    trusted: await mayTrust(pool),
    turns: createTurns(seededTables.length),
  };
}
