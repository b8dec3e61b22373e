import pg from 'pg';
import type { Pool, Queryable } from '../pool.ts';
import { claimSource } from '../source-kind.ts';
import { takeSeedLock } from './heal.ts';
import {
  type DroppedIndex,
  droppedIndexes,
  dropSecondaryIndexes,
  forgetDroppedIndexes,
  restoreIndex,
} from './secondary-indexes.ts';

const name = 'seed';
/** So many indexes are made at a time, at most. */
const mostSessions = 4;
/** From so many profiles on, and for half as many as there are already, to index afterwards is quicker. */
const fewestToDrop = 100_000;

export class SeedError extends Error {
  override readonly name = 'SeedError';
}

/** What a seed needs of the database while it lasts. */
export interface Seeding {
  /** The first id that nobody has. */
  readonly nextId: number;
  /** Its clock, in milliseconds. */
  now(): Promise<number>;
  dropIndexes(): Promise<void>;
  /** Makes every index that is missing, several at a time. */
  restoreIndexes(onDone: (done: number, of: number) => void): Promise<void>;
  /** Sees to it that the first reads are quick: visibility, statistics, and no pages to be written. */
  tidy(): Promise<void>;
  /** Ends what the server is doing for this seed. */
  cancel(): Promise<void>;
  close(): Promise<void>;
}

/** Claims the database for simulated data, for one seed at a time. */
export async function openSeeding(pool: Pool, url: string, cores: number): Promise<Seeding> {
  await claimSource(pool, 'simulated');
  const sessions = Math.min(Math.max(cores, 2), mostSessions);
  const helpers = Math.max(Math.floor(cores / sessions) - 1, 0);
  const clients = await Promise.all(Array.from({ length: sessions }, () => connect(url, helpers)));
  const close = async () => void (await Promise.all(clients.map(client => client.end())));
  const [first] = clients as [pg.Client, ...pg.Client[]];
  try {
    if (!(await takeSeedLock(first))) throw new SeedError('another seed is running on this database');
    const nextId = await nextProfileId(pool);
    return {
      nextId,
      now: () => clock(pool),
      dropIndexes: () => dropSecondaryIndexes(first),
      restoreIndexes: onDone => restoreAll(clients, onDone),
      tidy: () => tidy(clients),
      cancel: () => cancel(pool),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Whether it is quicker to add so many profiles without indexes. */
export async function indexesAreInTheWay(db: Queryable, profiles: number): Promise<boolean> {
  if (profiles < fewestToDrop) return false;
  const { rows } = await db.query<{ half: string }>(
    `SELECT count(*) AS half FROM (SELECT FROM profiles LIMIT $1::bigint) p`,
    [2 * profiles + 1],
  );
  return Number(rows[0]?.half) <= 2 * profiles;
}

/** `helpers`: parallel workers for an index. Each makes the work larger, so that there are none beyond the cores. */
async function connect(url: string, helpers: number): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  // What the server grants by default (64 MB) makes ten passes of a sort that could be one. And a statistic of 7,500 rows is good
  // enough for data as even as these: with the usual 30,000 of each partition it takes 3 s of one core.
  await client.query(
    `SELECT set_config('maintenance_work_mem', greatest(pg_size_bytes(current_setting('maintenance_work_mem')), 268435456) / 1024 || 'kB', false),
            set_config('default_statistics_target', '25', false),
            set_config('max_parallel_maintenance_workers', $1, false)`,
    [String(helpers)],
  );
  return client;
}

async function nextProfileId(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ id: string }>(
    'SELECT greatest(coalesce(max(profile_id), 0), 0) + 1 AS id FROM profiles',
  );
  return Number(rows[0]?.id);
}

async function clock(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ now: number }>('SELECT clock_timestamp() AS now');
  return rows[0]?.now ?? 0;
}

async function restoreAll(
  clients: readonly pg.Client[],
  onDone: (done: number, of: number) => void,
): Promise<void> {
  const [first] = clients as [pg.Client, ...pg.Client[]];
  const missing = await droppedIndexes(first);
  const all = missing.flat().length;
  let done = 0;
  if (all > 0) onDone(0, all);
  for (const together of missing) {
    await eachTakesTheNext(clients, together, async (client, index: DroppedIndex) => {
      await restoreIndex(client, index);
      done += 1;
      onDone(done, all);
    });
  }
  await forgetDroppedIndexes(first);
}

/** Without it the first reads would set the hint bits, and the planner would think that the tables are empty. */
async function tidy(clients: readonly pg.Client[]): Promise<void> {
  const [first] = clients as [pg.Client, ...pg.Client[]];
  await eachTakesTheNext(clients, await tidying(first), async (client, statement) => {
    await client.query(statement);
  });
  const { rows } = await first.query<{ may: boolean }>(
    `SELECT pg_has_role('pg_checkpoint', 'MEMBER') AS may`,
  );
  if (rows[0]?.may) await first.query('CHECKPOINT');
}

/** Each table by itself, the largest first, so that several can be in hand; a partitioned one has statistics of its own. */
async function tidying(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ statement: string }>(
    `SELECT CASE WHEN c.relkind = 'p' THEN 'ANALYZE ONLY ' ELSE 'VACUUM (ANALYZE) ' END || c.oid::regclass AS statement
       FROM unnest($1::text[]) name CROSS JOIN LATERAL pg_partition_tree(name) t JOIN pg_class c ON c.oid = t.relid
      UNION ALL
     SELECT 'VACUUM (ANALYZE) ' || c.oid::regclass FROM pg_class c WHERE c.oid = ANY ($2::text[]::regclass[])`,
    [
      ['schedule', 'activities'],
      ['profiles', 'alerts', 'alert_events'],
    ],
  );
  return rows.map(row => row.statement).reverse();
}

async function eachTakesTheNext<T>(
  clients: readonly pg.Client[],
  work: readonly T[],
  act: (client: pg.Client, one: T) => Promise<void>,
): Promise<void> {
  const left = [...work];
  await Promise.all(
    clients.map(async client => {
      for (let one = left.shift(); one !== undefined; one = left.shift()) await act(client, one);
    }),
  );
}

async function cancel(db: Queryable): Promise<void> {
  await db.query(
    `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
      WHERE application_name = $1 AND datname = current_database() AND backend_type = 'client backend'`,
    [name],
  );
}
