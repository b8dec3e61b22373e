import { type Client, inTransaction, type Pool } from './pool.ts';

const settings = `
  SET LOCAL plan_cache_mode = force_generic_plan;
  SET LOCAL enable_seqscan = off;
  SET LOCAL enable_bitmapscan = off;
  SET LOCAL enable_sort = off`;

/**
 * Runs `work` with plans that are made once, and that take rows out of an index one by one, as many as are asked for: left to itself,
 * a connection goes on with a plan that was made while a table was small, and reads and sorts all of it when it is large.
 */
export function byIndexes<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  return inTransaction(pool, async client => {
    await client.query(settings);
    return work(client);
  });
}
