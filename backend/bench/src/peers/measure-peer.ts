import { createPool, type Pool } from '@app/database/pool';
import { mostAhead } from './feed-ahead.ts';
import type { Level, PeerContext } from './peer.ts';
import { startPeer } from './peer-processes.ts';
import { type PeerName, peers } from './peers.ts';
import { quickest } from './quickest.ts';
import { countWritten, type Rates, ratesOf, watch } from './window.ts';

export interface Measured {
  readonly profiles_per_s: number;
  readonly jobs_per_s: number;
  readonly note: string;
}

interface Run {
  readonly name: PeerName;
  readonly context: PeerContext;
  /** How to undo what was started, the last first. */
  readonly undo: (() => Promise<unknown>)[];
  /** Nothing more may be started. */
  readonly stopping: () => boolean;
  /** How many profiles were handed out, by all peers so far. */
  readonly handedOut: { count: number };
}

const trial = { warmUpMs: 1_000, windowMs: 2_000 };
const warmUpMs = 5_000;

/** Tries how much at once suits a peer best here, and measures it so. What it leaves running is on the list `undo`. */
export async function measurePeer(run: Run): Promise<Measured> {
  const { name, context, undo } = run;
  const peer = await peers[name]();
  const opening = peer.open(context);
  undo.push(() => opening.then(opened => opened.close(), nothingMade));
  const { address } = await opening;
  const pool = createPool({
    url: context.databaseUrl,
    name: 'bench',
    connections: 1,
    onError: () => undefined,
  });
  undo.push(() => pool.end());
  const level = await quickest(peer.levels, async one => {
    const samples = await watched(run, { pool, address, level: one, ...trial });
    return ratesOf(samples).jobs_per_s;
  });
  context.log(`${name}: ${sayLevel(level)}, ${context.seconds} s`);
  const windowMs = context.seconds * 1_000;
  const samples = await watched(run, { pool, address, level, warmUpMs, windowMs });
  const written = await countWritten(pool, samples);
  const rates = ratesOf(samples);
  const seconds = (samples[1].at - samples[0].at) / 1_000;
  return {
    profiles_per_s: Math.round(written / seconds),
    jobs_per_s: Math.round(rates.jobs_per_s),
    note: noteOf(level, rates),
  };
}

const nothingMade = () => undefined;

interface Watched {
  readonly pool: Pool;
  readonly address: string;
  readonly level: Level;
  readonly warmUpMs: number;
  readonly windowMs: number;
}

/** Starts the processes, watches them and stops them. */
async function watched(run: Run, { pool, address, level, ...time }: Watched) {
  const { name, context, undo, stopping, handedOut } = run;
  if (stopping()) throw new Error('stopped');
  const { databaseUrl, simulatorUrl, profiles } = context;
  const place = { databaseUrl, simulatorUrl, profiles, address, from: handedOut.count };
  const processes = startPeer({ ...place, name, level });
  undo.push(() => processes.stop());
  try {
    return await watch(pool, processes, time);
  } finally {
    await processes.stop();
    // What the feeder added since its last word is less than that.
    handedOut.count += processes.added() + mostAhead;
  }
}

function sayLevel({ workers, concurrency }: Level): string {
  return `${workers} ${workers === 1 ? 'worker' : 'workers'} with ${concurrency} at once`;
}

function noteOf(level: Level, { posts, worker_cpu, feeder_cpu }: Rates): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  return `${sayLevel(level)}; CPU of workers ${percent(worker_cpu)}, of the feeder ${percent(feeder_cpu)} of a core; ${percent(posts)} of the looks found a new post`;
}
