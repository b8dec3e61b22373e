import { createPool, type Pool } from '@app/database/pool';
import type { PeerContext } from '../peers/peer.ts';
import { quickest } from '../peers/quickest.ts';
import { withSettings } from '../peers/with-settings.ts';
import { createTable, type Table } from './table.ts';

export interface Limit {
  readonly profiles_per_s: number;
  readonly connections: number;
  readonly rows_per_statement: number;
}

interface Shape {
  readonly connections: number;
  readonly rows: number;
}

const claimRows = 1_000;
/** As many as a call to X takes, and a whole claim at once. */
const rowsTried = [100, claimRows];
const connectionsTried = [1, 2, 4, 8];
/** 1,000 rows are few enough to look each up, but the planner may prefer to read the whole partition for them. */
const lookedUp = { enable_hashjoin: 'off', enable_mergejoin: 'off' };

/**
 * How many profiles a second PostgreSQL can claim and write at all, with nobody in between: no broker, no HTTP, no policy,
 * no fence. Several shapes are tried for a moment, and the quickest is measured. `activityShare` is the share of the looks
 * that find a new post. The earliest of the fresh lane are taken, due or not, so it never runs out of them.
 */
export async function measureLimit(
  { databaseUrl, seconds }: Pick<PeerContext, 'databaseUrl' | 'seconds'>,
  connections?: number,
  activityShare = 1,
): Promise<Limit> {
  const tried = connections === undefined ? connectionsTried : [connections];
  const most = Math.max(...tried);
  const trialMs = Math.min(1_500, seconds * 250);
  const url = withSettings(databaseUrl, lookedUp);
  const pool = createPool({ url, name: 'limit', connections: most, onError: () => undefined });
  try {
    const table = await createTable(pool, activityShare);
    const shapes = tried.flatMap(one => rowsTried.map(rows => ({ connections: one, rows })));
    await rate(pool, table, { connections: most, rows: claimRows }, trialMs); // fills the server's caches
    const best = await quickest(shapes, shape => rate(pool, table, shape, trialMs));
    const measured = await rate(pool, table, best, seconds * 1_000);
    if (measured === 0) throw new Error('there is no row in the fresh lane');
    return {
      profiles_per_s: Math.round(measured),
      connections: best.connections,
      rows_per_statement: best.rows,
    };
  } finally {
    await pool.end();
  }
}

/** Rows claimed and written, a second. */
async function rate(pool: Pool, table: Table, { connections, rows }: Shape, ms: number): Promise<number> {
  const startedAt = performance.now();
  const loop = async (place: number) => {
    const client = await pool.connect();
    let written = 0;
    try {
      // Each its own partitions, as long as their number can be divided.
      for (let turn = place; performance.now() < startedAt + ms; turn += connections) {
        const ids = await table.claim(client, turn, claimRows);
        for (let at = 0; at < ids.length; at += rows) {
          written += await table.write(client, turn, ids.slice(at, at + rows));
        }
      }
    } finally {
      client.release();
    }
    return written;
  };
  const written = await Promise.all(Array.from({ length: connections }, (_, place) => loop(place)));
  return (written.reduce((sum, one) => sum + one, 0) * 1_000) / (performance.now() - startedAt);
}
