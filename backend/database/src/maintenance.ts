import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Pool, Queryable } from './pool.ts';
import { withRetry } from './retry.ts';

/** Held by the one that maintains, for as long as its connection lives. */
const leaderLock = 7_214_011;

/** Days and months are UTC's. Chunks are ranges of a key: whatever the statistics say, they are looked up, not scanned for. */
const session = `
  SET TIME ZONE 'UTC'; SET application_name = 'maintenance'; SET jit = off; SET plan_cache_mode = force_custom_plan;
  SET enable_seqscan = off; SET enable_hashjoin = on; SET enable_mergejoin = on; SET work_mem = '32MB'`;

/**
 * Runs `work` unless another process is at it already; says whether it ran. The lock belongs to the connection on which all of the work is
 * done: who loses the one has lost the other. Between its transactions the connection holds no snapshot.
 */
export async function leadMaintenance(pool: Pool, work: (db: Client) => Promise<void>): Promise<boolean> {
  const db = await pool.connect();
  try {
    const { rows } = await db.query<{ leads: boolean }>('SELECT pg_try_advisory_lock($1) AS leads', [
      leaderLock,
    ]);
    if (rows[0]?.leads !== true) return false;
    await db.query(session);
    await work(db);
    return true;
  } finally {
    // Closing the connection would do it, whatever happened, but a moment later. It forgets the settings too.
    await db.query('SELECT pg_advisory_unlock_all()').catch(() => undefined);
    db.release(true);
  }
}

/** Work in pieces: each is short, and followed by a rest. */
export interface Work {
  readonly db: Client;
  readonly signal: AbortSignal;
  /** Runs one piece and rests. Throws what the signal says, once it is aborted. */
  piece<T>(run: () => Promise<T>): Promise<T>;
  /** Time at work so far, without rests. */
  busyMs(): number;
}

/** A quarter of the time at work, three quarters at rest: at most a quarter of one core is taken from the checks. */
const restShare = 3;
const longestRestMs = 3_000;

export function workOn(db: Client, signal: AbortSignal): Work {
  let busy = 0;
  const piece = async <T>(run: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    const began = performance.now();
    const result = await run();
    const took = performance.now() - began;
    busy += took;
    await sleep(Math.min(took * restShare, longestRestMs), undefined, { signal });
    return result;
  };
  return { db, signal, piece, busyMs: () => Math.round(busy) };
}

/** One transaction on the leader's own connection. What another undid in passing is tried again. */
export async function inOneTransaction<T>(db: Client, work: () => Promise<T>): Promise<T> {
  return withRetry(async () => {
    await db.query('BEGIN');
    try {
      const result = await work();
      await db.query('COMMIT');
      return result;
    } catch (error) {
      await db.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  });
}

/** Long enough for a few statements in hand to end, short enough that nobody notices who waits behind us. */
const lockWaitMs = 100;
const lockTries = 12;

/**
 * A transaction that locks whole tables for a moment. While it waits for the lock, all others wait behind it: so it gives up after
 * 100 ms and comes again, and at last leaves it to the next run.
 */
export async function withBriefLock<T>({ db, signal }: Work, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await inOneTransaction(db, async () => {
        await db.query(`SET LOCAL lock_timeout = ${lockWaitMs}`);
        return work();
      });
    } catch (error) {
      if ((error as { code?: string }).code !== '55P03') throw error;
      if (attempt === lockTries) throw new TableInUseError(error);
      await sleep(50 * attempt, undefined, { signal });
    }
  }
}

/** Somebody holds a table for long. */
export class TableInUseError extends Error {
  override readonly name = 'TableInUseError';
  constructor(cause: unknown) {
    super(
      `a table was in use ${lockTries} times in a row: a long transaction (a dump?) holds it; see pg_stat_activity`,
      { cause },
    );
  }
}

/** The last success of a step. */
export interface Succeeded {
  readonly step: string;
  readonly startedAt: number;
  readonly busyMs: number;
  /** How long ago it ended, by the database's clock. */
  readonly agoMs: number;
}

export async function readMaintenance(db: Queryable): Promise<Succeeded[]> {
  const { rows } = await db.query<Succeeded>(
    `SELECT step, started_at AS "startedAt", busy_ms::float8 AS "busyMs",
            (extract(epoch FROM clock_timestamp() - succeeded_at) * 1000)::float8 AS "agoMs"
       FROM maintenance`,
  );
  return rows;
}

/** `startedAt`: what happened before is in the result. */
export async function markSucceeded(
  db: Queryable,
  step: string,
  startedAt: number,
  busyMs: number,
): Promise<void> {
  await db.query(
    `INSERT INTO maintenance (step, started_at, succeeded_at, busy_ms) VALUES ($1, $2, clock_timestamp(), $3)
     ON CONFLICT (step) DO UPDATE
       SET started_at = excluded.started_at, succeeded_at = excluded.succeeded_at, busy_ms = excluded.busy_ms`,
    [step, new Date(startedAt), busyMs],
  );
}
