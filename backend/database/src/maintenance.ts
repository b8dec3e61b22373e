import { inTransaction, type Pool } from './pool.ts';

/** Held while partitions are made, so that several producers take turns. */
const maintenanceLock = 7_214_003;
const monthsAhead = 3;

/** Makes the monthly activity partitions up to three months ahead. Returns how many were missing. */
export async function makeActivityPartitions(pool: Pool): Promise<number> {
  return inTransaction(pool, async client => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [maintenanceLock]);
    const { rows } = await client.query<{ made: number }>('SELECT make_activity_partitions($1) AS made', [
      monthsAhead,
    ]);
    return rows[0]?.made ?? 0;
  });
}
