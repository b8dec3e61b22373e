import { setTimeout as sleep } from 'node:timers/promises';
import { takeCensus } from '@app/database/census';
import type { Pool } from '@app/database/pool';
import { startService } from '@app/e2e/processes';
import { seedProfiles } from '@app/standalone/seed/seed-profiles';
import { simulatorSpeed } from '../stage/simulator-process.ts';
import { type ApiQuestion, openQuestions } from './api-requests.ts';
import { startCheckLoop } from './check-loop.ts';
import { type CheckWork, openCheckWork } from './check-work.ts';
import { timeClaims, timeWrites } from './database-growth.ts';
import { type Latency, timeEach } from './latency.ts';

export interface GrowthContext {
  readonly pool: Pool;
  readonly databaseUrl: string;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

export type GrowthQuestion = 'claim' | 'write' | ApiQuestion;
export type Growth = Readonly<Record<GrowthQuestion, Latency>>;

export const apiQuestions: readonly ApiQuestion[] = [
  'list',
  'search_prefix',
  'search_contains',
  'overview',
  'profile',
];
export const growthQuestions: readonly GrowthQuestion[] = ['claim', 'write', ...apiQuestions];

/**
 * Brings the database to so many profiles, and asks each question some hundred times, one after the other while nothing
 * else goes on: what it costs alone.
 */
export async function measureGrowth(context: GrowthContext, profiles: number): Promise<Growth> {
  await growTo(context, profiles);
  const work = openCheckWork(context.databaseUrl);
  try {
    await settle(context, work, profiles);
    const claim = await timeClaims(work, context.signal);
    const write = await timeWrites(work, context.signal);
    return { claim, write, ...(await timeApi(context, profiles)) };
  } finally {
    await work.close();
  }
}

/** Only up: what is there stays. Then all are counted, as a producer does every minute or as seldom as it costs. */
export async function growTo(
  { pool, databaseUrl, log, signal }: GrowthContext,
  profiles: number,
): Promise<void> {
  const { rows } = await pool.query<{ profiles: string }>('SELECT count(*) AS profiles FROM profiles');
  const missing = profiles - Number(rows[0]?.profiles ?? 0);
  if (missing <= 0) return;
  const seeded = await seedProfiles({
    databaseUrl,
    profiles: missing,
    allDue: true,
    speed: simulatorSpeed,
    signal,
  });
  log(`  ${missing} profiles more in ${seeded.seconds.toFixed(1)} s`);
  const census = await takeCensus(pool, signal);
  log(`  counted in ${((census?.durationMs ?? 0) / 1_000).toFixed(1)} s`);
}

/**
 * Checks go on until most pages of the schedule were written once: the first write of a page after a checkpoint (which the
 * seed ends with) puts all of it into the log, in a small table at once and in a large one for minutes. A page holds some 40 rows.
 */
async function settle({ log, signal }: GrowthContext, work: CheckWork, profiles: number): Promise<void> {
  const checks = Math.max(20_000, profiles / 20);
  const began = performance.now();
  const loop = startCheckLoop(work);
  try {
    while (loop.running && loop.written < checks) await sleep(50, undefined, { signal });
  } finally {
    await loop.stop();
  }
  log(`  ${loop.written} checks before, in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
}

async function timeApi({ databaseUrl, signal }: GrowthContext, profiles: number) {
  const api = await startService('api', { DATABASE_URL: databaseUrl });
  try {
    const { ask } = await openQuestions(api.url, profiles);
    const latencies: [ApiQuestion, Latency][] = [];
    for (const question of apiQuestions) {
      const series = { samples: 400, warmUp: 100, signal, prepare: async () => question };
      latencies.push([question, await timeEach({ ...series, act: ask })]);
    }
    return Object.fromEntries(latencies) as Record<ApiQuestion, Latency>;
  } finally {
    await api.stop();
  }
}
