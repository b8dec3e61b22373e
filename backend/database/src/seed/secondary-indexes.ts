import type pg from 'pg';
import type { Queryable } from '../pool.ts';

/*
 * To fill a table and then to index it takes a third of the time that it takes to fill it with its indexes. What was
 * dropped is written down in the transaction that drops it, and crossed out as it is made again: so a kill at any
 * moment is healed by whoever comes next (the next seed, or the next start: migrate.ts).
 * An index that a constraint or uniqueness rests on is never dropped.
 */

/** Exists only while indexes are missing. */
const table = 'dropped_indexes';
const filled = ['profiles', 'schedule', 'activities', 'alerts', 'alert_events'];

export interface DroppedIndex {
  readonly name: string;
  readonly definition: string;
}

/** Drops what can be made again. In one transaction: the caller's client must not be in one. */
export async function dropSecondaryIndexes(client: pg.Client): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = '10s'`);
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${table} (name text PRIMARY KEY, definition text NOT NULL, is_whole boolean NOT NULL)`,
    );
    const { rows } = await client.query<{ name: string; is_whole: boolean }>(
      `INSERT INTO ${table} (name, definition, is_whole) ${secondaryIndexes}
       ON CONFLICT (name) DO UPDATE SET definition = excluded.definition RETURNING name, is_whole`,
      [filled],
    );
    // Those of partitions go with that of the whole.
    const ordered = rows.toSorted((a, b) => Number(b.is_whole) - Number(a.is_whole));
    for (const { name } of ordered) await client.query(`DROP INDEX IF EXISTS ${name}`);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

/**
 * Those of partitions are made one by one and under the names that they had: left to PostgreSQL, two that are made at a time can come
 * by the same name. That of the whole table then only has to take them together.
 */
const secondaryIndexes = `
  SELECT x.indexrelid::regclass::text,
         regexp_replace(replace(pg_get_indexdef(x.indexrelid), ' ON ONLY ', ' ON '),
                        '^CREATE INDEX ', 'CREATE INDEX IF NOT EXISTS '),
         c.relkind = 'I'
    FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
   WHERE coalesce(pg_partition_root(x.indrelid), x.indrelid) = ANY (SELECT to_regclass(name) FROM unnest($1::text[]) name)
     AND NOT x.indisunique AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid)`;

/** What is missing: first, and the most laborious of them first, what can be made at the same time; then what is made of that. */
export async function droppedIndexes(db: Queryable): Promise<DroppedIndex[][]> {
  const { rows: found } = await db.query<{ found: boolean }>(
    `SELECT to_regclass('${table}') IS NOT NULL AS found`,
  );
  if (found[0]?.found !== true) return [];
  const { rows } = await db.query<DroppedIndex & { is_whole: boolean }>(
    `SELECT name, definition, is_whole FROM ${table}
      ORDER BY definition NOT LIKE '%USING gin%', definition NOT LIKE '%profiles%', name`,
  );
  const groups = [rows.filter(row => !row.is_whole), rows.filter(row => row.is_whole)];
  return groups.filter(group => group.length > 0);
}

export async function restoreIndex(db: Queryable, { name, definition }: DroppedIndex): Promise<void> {
  await db.query(definition);
  await db.query(`DELETE FROM ${table} WHERE name = $1`, [name]);
}

/** All are made again. */
export async function forgetDroppedIndexes(db: Queryable): Promise<void> {
  await db.query(`DROP TABLE IF EXISTS ${table}`);
}
