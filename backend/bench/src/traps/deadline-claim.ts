import { type CheckWork, openCheckWork } from '../growth/check-work.ts';
import { type Latency, timeEach } from '../growth/latency.ts';
import type { GrowthContext } from '../growth/measure-growth.ts';

export interface DeadlineClaim extends Latency {
  /** At least. */
  readonly fresh_overdue: number;
  readonly limit_ms: number;
  readonly holds: boolean;
}

const wantedOverdue = 1_000_000;
const limitMs = 50;
const claimRows = 1_000;
/** Enough that no claim finds the rows of the one before. */
const deadlines = 20_000;

/** A claim of 1,000 deadline checks while a million fresh ones are overdue. */
export async function measureDeadlineClaim(context: GrowthContext): Promise<DeadlineClaim> {
  const freshOverdue = await mustBeOverdue(context);
  await makeDeadlines(context);
  const work = openCheckWork(context.databaseUrl);
  try {
    const latency = await timeClaims(work, context.signal);
    return { ...latency, fresh_overdue: freshOverdue, limit_ms: limitMs, holds: latency.p99_ms <= limitMs };
  } finally {
    await work.close();
  }
}

/** A million; in a smaller database, most of it. */
async function mustBeOverdue({ pool }: GrowthContext): Promise<number> {
  const { rows: all } = await pool.query<{ profiles: string }>('SELECT count(*) AS profiles FROM profiles');
  const wanted = Math.min(wantedOverdue, Math.floor(Number(all[0]?.profiles ?? 0) / 2));
  const { rows } = await pool.query<{ overdue: number }>(
    `SELECT count(*)::integer AS overdue
       FROM (SELECT FROM schedule WHERE lane = 'checks.fresh' AND next_check_at <= now() LIMIT $1) AS due`,
    [wanted],
  );
  const overdue = rows[0]?.overdue ?? 0;
  if (overdue < wanted) throw new Error(`only ${overdue} fresh checks are overdue, not ${wanted}`);
  return overdue;
}

/** Some, all over the table, become deadlines that are due. */
async function makeDeadlines({ pool }: GrowthContext): Promise<void> {
  await pool.query(
    `UPDATE schedule SET lane = 'checks.deadline', reason = 'deadline', next_check_at = now() WHERE profile_id = ANY (ARRAY(
       SELECT profile_id FROM schedule TABLESAMPLE SYSTEM (100.0 * least(1, $1::float8 / (
         SELECT greatest(1, sum(reltuples)) / 10 FROM pg_class c JOIN pg_inherits ON inhrelid = c.oid
          WHERE inhparent = 'schedule'::regclass)))
        WHERE lane = 'checks.fresh' LIMIT $1))`,
    [deadlines],
  );
}

function timeClaims(work: CheckWork, signal: AbortSignal): Promise<Latency> {
  let claim: Awaited<ReturnType<CheckWork['claim']>>;
  return timeEach({
    samples: 300,
    warmUp: 20,
    signal,
    prepare: async () => null,
    act: async () => {
      claim = await work.claim('checks.deadline', claimRows);
      if (claim.claimed.length < claimRows)
        throw new Error(`only ${claim.claimed.length} deadlines were due`);
    },
    restore: () => work.release(claim),
  });
}
