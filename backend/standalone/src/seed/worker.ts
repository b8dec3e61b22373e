import { parentPort, workerData } from 'node:worker_threads';
import { createPool } from '@app/database/pool';
import { createLoader, type SeededProfile } from '@app/database/seed/load-profiles';
import { rhythmSource } from '@app/simulator/rhythms';
import { type Looks, seededProfile } from './seeded-profile.ts';
import { inTurn, type Turns } from './turns.ts';

/** What every chunk has in common. */
export interface WorkerTask extends Omit<Looks, 'source' | 'now'> {
  readonly databaseUrl: string;
  /** Simulated time against real time. */
  readonly speed: number;
  readonly trusted: boolean;
  readonly turns: Turns;
}

/** The ids from `from` to `until`, without the last. */
export interface Chunk {
  readonly number: number;
  readonly from: number;
  readonly until: number;
  readonly now: number;
}

/** A thread that makes and writes one chunk after the other; it answers each with how many profiles were written. */
const task = workerData as WorkerTask;
const source = rhythmSource({ seed: task.seed, speed: task.speed });
const pool = createPool({
  url: task.databaseUrl,
  // Not the name of the statements that a stop cancels: a chunk in hand is written to its end.
  name: 'seed rows',
  connections: 1,
  statementTimeoutMs: 0,
  onError: () => undefined,
});

let current = 0;
const loadProfiles = createLoader(pool, {
  trusted: task.trusted,
  inTurn: (table, copy) => inTurn(task.turns, table, current, copy),
});

parentPort?.on('message', (chunk: Chunk | null) => {
  if (chunk === null) return void pool.end().then(() => parentPort?.close());
  load(chunk).then(
    profiles => parentPort?.postMessage({ profiles }),
    (error: Error) => parentPort?.postMessage({ error }),
  );
});

function load({ number, from, until, now }: Chunk): Promise<number> {
  current = number;
  return loadProfiles(profilesOf(from, until, { ...task, source, now }));
}

function* profilesOf(from: number, until: number, looks: Looks): Generator<SeededProfile> {
  for (let id = from; id < until; id++) yield seededProfile(id, looks);
}
