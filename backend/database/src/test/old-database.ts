import { monthName, monthStart } from '../partitions.ts';
import type { Pool } from '../pool.ts';

/** As if the database had been made so many months ago: its first month is that one. */
export async function growOlder(pool: Pool, months: number): Promise<void> {
  const from = (after: number) => new Date(monthStart(Date.now(), after)).toISOString();
  await pool.query('DROP TABLE activities_earlier');
  for (let back = 1; back <= months; back++) {
    await pool.query(
      `CREATE TABLE activities_${monthName(monthStart(Date.now(), -back))} PARTITION OF activities
         FOR VALUES FROM ('${from(-back)}') TO ('${from(1 - back)}')`,
    );
  }
  await pool.query(
    `CREATE TABLE activities_earlier PARTITION OF activities FOR VALUES FROM (MINVALUE) TO ('${from(-months)}')`,
  );
}

/** The bounds of all partitions as the server says them, oldest first. */
export async function partitionsOf(pool: Pool, parent: string): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
      WHERE inhparent = $1::regclass ORDER BY relname = 'activities_earlier' DESC, relname`,
    [parent],
  );
  return rows.map(row => row.name);
}
