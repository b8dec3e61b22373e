import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '@app/database/pool';
import type { PeerProcesses } from './peer-processes.ts';

/** How far everything was at one moment, by the database's clock. */
export type Sample = ReturnType<PeerProcesses['progress']> & { readonly at: number };

export interface Rates {
  readonly jobs_per_s: number;
  /** New posts for each job. */
  readonly posts: number;
  /** In cores. */
  readonly worker_cpu: number;
  readonly feeder_cpu: number;
}

const startTimeoutMs = 30_000;

/** Lets a started peer warm up, and then watches it for a while. */
export async function watch(
  pool: Pool,
  processes: PeerProcesses,
  { warmUpMs, windowMs }: { readonly warmUpMs: number; readonly windowMs: number },
): Promise<readonly [before: Sample, after: Sample]> {
  const giveUpAt = performance.now() + startTimeoutMs;
  while (processes.progress().workers.jobs === 0) {
    if (performance.now() > giveUpAt) throw new Error(`no job was done in ${startTimeoutMs / 1_000} s`);
    await sleep(20);
  }
  await sleep(warmUpMs);
  const before = await sample(pool, processes);
  await sleep(windowMs);
  return [before, await sample(pool, processes)];
}

async function sample(pool: Pool, processes: PeerProcesses): Promise<Sample> {
  const { rows } = await pool.query<{ at: number }>('SELECT clock_timestamp() AS at');
  return { at: rows[0]?.at ?? 0, ...processes.progress() };
}

/** Rows that were really written in between. A row that was written twice counts once. */
export async function countWritten(pool: Pool, [before, after]: readonly [Sample, Sample]): Promise<number> {
  const { rows } = await pool.query<{ written: number }>(
    'SELECT count(*)::integer AS written FROM schedule WHERE checked_at >= $1 AND checked_at < $2',
    [new Date(before.at), new Date(after.at)],
  );
  return rows[0]?.written ?? 0;
}

export function ratesOf([before, after]: readonly [Sample, Sample]): Rates {
  const ms = after.at - before.at;
  const jobs = after.workers.jobs - before.workers.jobs;
  return {
    jobs_per_s: (jobs * 1_000) / ms,
    posts: (after.workers.posts - before.workers.posts) / Math.max(jobs, 1),
    worker_cpu: (after.workers.cpuMs - before.workers.cpuMs) / ms,
    feeder_cpu: (after.feeder.cpuMs - before.feeder.cpuMs) / ms,
  };
}
