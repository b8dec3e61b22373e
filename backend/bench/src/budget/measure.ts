import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { changeBudget } from '@app/database/budget-settings';
import { migrate } from '@app/database/migrate';
import { createPool } from '@app/database/pool';
import type { Lifecycle } from '@app/runtime/process';
import { rhythmSource } from '@app/simulator/rhythms';
import { startSimulator } from '@app/simulator/server';
import { startEmbeddedPostgres } from '@app/standalone/postgres/server';

export interface Run {
  readonly rate: number;
  readonly seconds: number;
}

export interface Measured extends Run {
  readonly calls: number;
  /** Share of the rate that was used while work was waiting. */
  readonly used: number;
  /** By how many calls the fullest window, of whatever length w, exceeds rate x w: 1 is a single call, 2 is a burst of two. */
  readonly over: number;
  readonly shortest_gap_ms: number;
}

const windowS = 900;
const consumers = 2;
const program = fileURLToPath(new URL('./consumer-process.ts', import.meta.url));
const startTimeoutMs = 30_000;

/** Two consumers, processes of their own, against one database and one simulated X that notes when each call came in. */
export async function measure({ rate, seconds }: Run, { onStop }: Lifecycle): Promise<Measured> {
  const ends: (() => Promise<unknown>)[] = [];
  let ended = false;
  const end = async () => {
    if (ended) return;
    ended = true;
    for (const one of ends.reverse()) await one();
  };
  onStop(end);
  const at: number[] = [];
  const clock = () => {
    at.push(performance.now());
    return Date.now();
  };
  const simulator = await startSimulator({
    source: rhythmSource({ seed: 1, speed: 1_440 }),
    rateLimit: null,
    clock,
  });
  ends.push(() => simulator.close());
  const url = await openDatabase(rate, rate * seconds * 2 + 1_000, ends);
  const children = Array.from({ length: consumers }, () => startConsumer(url, simulator.url));
  ends.push(() => Promise.all(children.map(stop)));
  const first = await firstOf(at);
  await sleep(seconds * 1_000);
  const until = first + seconds * 1_000;
  await end();
  return {
    rate,
    seconds,
    ...judge(
      at.filter(time => time < until),
      rate,
      seconds,
    ),
  };
}

async function openDatabase(
  rate: number,
  profiles: number,
  ends: (() => Promise<unknown>)[],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-budget-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres({ folder });
  ends.push(() => postgres.stop());
  await migrate(postgres.url);
  const pool = createPool({ url: postgres.url, name: 'bench', onError: () => undefined });
  ends.push(() => pool.end());
  await changeBudget(pool, { calls: Math.max(1, Math.round(rate * windowS)), windowS, price: 0 });
  await pool.query('INSERT INTO profiles (profile_id) SELECT generate_series(1, $1::int)', [
    Math.ceil(profiles),
  ]);
  await pool.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane) SELECT profile_id, now(), 'checks.fresh' FROM profiles`,
  );
  return postgres.url;
}

function startConsumer(databaseUrl: string, xApiUrl: string): ChildProcess {
  const env = { DATABASE_URL: databaseUrl, X_API_URL: xApiUrl };
  return spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function firstOf(at: readonly number[]): Promise<number> {
  const giveUpAt = performance.now() + startTimeoutMs;
  for (;;) {
    const [first] = at;
    if (first !== undefined) return first;
    if (performance.now() > giveUpAt) throw new Error('no consumer made a call');
    await sleep(5);
  }
}

/** With g(i) = i - rate x t(i), the calls from i to j are over rate x window by g(j) - g(i) + 1. */
function judge(at: readonly number[], rate: number, seconds: number): Omit<Measured, keyof Run> {
  let least = Number.POSITIVE_INFINITY;
  let over = 0;
  at.forEach((time, i) => {
    const ahead = i - (rate * time) / 1_000;
    least = Math.min(least, ahead);
    over = Math.max(over, ahead - least + 1);
  });
  const gaps = at.slice(1).map((time, i) => time - (at[i] ?? time));
  return {
    calls: at.length,
    used: Math.min(1, at.length / (rate * seconds)),
    over,
    shortest_gap_ms: Math.min(...gaps),
  };
}
