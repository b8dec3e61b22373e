import type { Status } from '@app/policy/status';
import { leaves, scheduleOf } from './leaves.ts';
import type { Client, Pool, Queryable } from './pool.ts';
import { allGroups } from './profile-sizes.ts';
import { besideSchedule } from './profile-sources.ts';
import { addTo, emptyTally, type Tally } from './tally.ts';

/** Held by the one producer that counts. */
const censusLock = 7_214_009;
/** Counting takes at most a twentieth of the time. */
const restFactor = 20;
/** One partition of ten million profiles takes some 2 s; all of it is read, which a pool may be told never to do. */
const beginLeaf = `BEGIN; SET LOCAL statement_timeout = '10min'; SET LOCAL enable_seqscan = on`;

export interface Census {
  readonly takenAt: number;
  readonly profiles: number;
  readonly silence: readonly number[];
  readonly deadlines: readonly number[];
  readonly strays: number;
}

export interface CensusTaken {
  readonly profiles: number;
  readonly durationMs: number;
}

/**
 * Counts every profile by group and status. Partition by partition, each in a short transaction of its own: while one is read, what
 * was updated since cannot be cleaned up, and claims grow slower with it. Null when another producer counts, when the last census is
 * young beside what it cost, or when the signal ends it. Readers see the last census until the new one is whole.
 */
export async function takeCensus(pool: Pool, signal: AbortSignal): Promise<CensusTaken | null> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    const pid = await lock(client);
    if (pid === null) return null;
    const taken = (await isDue(client)) ? await count(client, signal, cancellingOf(pool, pid)) : null;
    await client.query('SELECT pg_advisory_unlock($1)', [censusLock]);
    return taken;
  } catch (error) {
    // To close the connection is what surely ends its transaction and frees the lock.
    broken = error instanceof Error ? error : new Error(String(error));
    if (signal.aborted) return null;
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Answers the number of the connection that holds the lock now; null when another one does. */
async function lock(client: Client): Promise<number | null> {
  const { rows } = await client.query<{ locked: boolean; pid: number }>(
    'SELECT pg_try_advisory_lock($1) AS locked, pg_backend_pid() AS pid',
    [censusLock],
  );
  return rows[0]?.locked ? rows[0].pid : null;
}

async function isDue(client: Client): Promise<boolean> {
  const young = await client.query(
    `SELECT FROM census WHERE clock_timestamp() < taken_at + duration_ms * $1 * interval '1 millisecond'`,
    [restFactor],
  );
  return young.rowCount === 0;
}

/** Ends what the connection is at just now. */
function cancellingOf(pool: Pool, pid: number): () => void {
  return () => void pool.query('SELECT pg_cancel_backend($1)', [pid]).catch(() => undefined);
}

async function count(client: Client, signal: AbortSignal, cancel: () => void): Promise<CensusTaken> {
  const startedAt = performance.now();
  const tally = emptyTally();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    for (const leaf of leaves) {
      signal.throwIfAborted();
      await client.query(beginLeaf);
      await addTo(tally, client, `${scheduleOf(leaf)} s ${besideSchedule}`);
      await client.query('COMMIT');
    }
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  const durationMs = Math.round(performance.now() - startedAt);
  await write(client, tally, durationMs);
  return { profiles: tally.profiles, durationMs };
}

async function write(client: Client, tally: Tally, durationMs: number): Promise<void> {
  const counts = countsOf(tally);
  await client.query('BEGIN');
  await client.query('DELETE FROM census_counts');
  await client.query(
    `INSERT INTO census_counts (group_id, status, profiles)
     SELECT * FROM unnest($1::integer[], $2::text[], $3::bigint[])`,
    [counts.map(one => one.group), counts.map(one => one.status), counts.map(one => one.profiles)],
  );
  await client.query(
    `INSERT INTO census (taken_at, duration_ms, profiles, silence, deadlines, strays)
     VALUES (clock_timestamp() - $1 * interval '1 millisecond', $1, $2, $3, $4, $5)
     ON CONFLICT (only_one) DO UPDATE SET taken_at = excluded.taken_at, duration_ms = excluded.duration_ms,
       profiles = excluded.profiles, silence = excluded.silence, deadlines = excluded.deadlines, strays = excluded.strays`,
    [durationMs, tally.profiles, tally.silence, tally.deadlines, tally.strays],
  );
  await client.query('COMMIT');
}

interface Count {
  readonly group: number;
  readonly status: Status;
  readonly profiles: number;
}

/** Each group's counts, and those of all groups together. */
function countsOf({ groups }: Tally): Count[] {
  const totals = new Map<Status, number>();
  const counts: Count[] = [];
  for (const [group, ofStatus] of groups) {
    for (const [status, profiles] of ofStatus) {
      counts.push({ group, status, profiles });
      totals.set(status, (totals.get(status) ?? 0) + profiles);
    }
  }
  for (const [status, profiles] of totals) counts.push({ group: allGroups, status, profiles });
  return counts;
}

/** The last census; null before the first. */
export async function readCensus(db: Queryable): Promise<Census | null> {
  const { rows } = await db.query<Census>(
    `SELECT taken_at AS "takenAt", profiles::float8 AS profiles, silence::float8[] AS silence,
            deadlines::float8[] AS deadlines, strays::float8 AS strays FROM census`,
  );
  return rows[0] ?? null;
}

/** What the last census counted in these groups (or in any), by status; `allGroups` for all together. */
export async function readCensusCounts(
  db: Queryable,
  groups: readonly number[] | null,
): Promise<Map<number, Map<Status, number>>> {
  const { rows } = await db.query<{ group_id: number; status: Status; profiles: number }>({
    name: 'census-counts',
    text: `SELECT group_id, status, profiles::float8 AS profiles FROM census_counts
            WHERE $1::integer[] IS NULL OR group_id = ANY ($1)`,
    values: [groups],
  });
  const counts = new Map<number, Map<Status, number>>();
  for (const { group_id, status, profiles } of rows) {
    const ofGroup = counts.get(group_id) ?? new Map<Status, number>();
    counts.set(group_id, ofGroup.set(status, profiles));
  }
  return counts;
}
