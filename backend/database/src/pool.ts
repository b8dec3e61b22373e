import { availableParallelism } from 'node:os';
import pg from 'pg';

/** A connection or a pool: whatever can run a statement. */
export type Queryable = Pick<pg.Pool, 'query'>;
export type Pool = pg.Pool;
export type Client = pg.PoolClient;

const timestamptz = pg.types.builtins.TIMESTAMPTZ;

/** Times come as milliseconds since 1970; 64-bit ids stay strings, because they exceed 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === timestamptz
      ? (value: string) => new Date(value).getTime()
      : pg.types.getTypeParser(oid, format as 'text'),
};

export interface PoolOptions {
  readonly url: string;
  /** Seen in pg_stat_activity. */
  readonly name: string;
  /** Default: by the processors of this machine. */
  readonly connections?: number;
  /** A statement that runs longer is cancelled by the server. */
  readonly statementTimeoutMs?: number;
  /**
   * Statements are planned once, and find rows by key: for processes that run the same few thousands of times a minute. Planned anew
   * with every batch, a statement over sixteen partitions costs 6 ms; planned by how large its first batches were, it may read
   * a whole table.
   */
  readonly plansOnce?: boolean;
  readonly onError: (error: Error) => void;
}

const plansOnce = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off';

/**
 * Two for each processor, in the belief that the database has about as many: a statement that waits here costs nothing, one that
 * waits there slows the others.
 */
export function connectionsForMachine(processors = availableParallelism()): number {
  return Math.min(32, Math.max(6, 2 * processors));
}

/** Connections are made when needed, so this never fails: the first query does. Lost connections are dropped and replaced. */
export function createPool(options: PoolOptions): Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.name,
    max: options.connections ?? connectionsForMachine(),
    connectionTimeoutMillis: 10_000,
    statement_timeout: options.statementTimeoutMs ?? 60_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    ...(options.plansOnce ? { options: plansOnce } : {}),
    types,
  });
  pool.on('error', options.onError);
  // A connection that breaks while it is in use says so twice: to the statement, which fails, and as an event, which
  // would end the process if nobody listened.
  pool.on('connect', client => client.on('error', options.onError));
  return pool;
}

/** Runs `work` in one transaction: all of it is kept, or none. */
export async function inTransaction<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((lost: Error) => {
      broken = lost;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Throws when the database does not answer: a check of readiness. */
export async function mustAnswer(db: Queryable): Promise<void> {
  await db.query('SELECT 1');
}
