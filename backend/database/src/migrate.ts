import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { healIndexes } from './seed/heal.ts';

const folder = fileURLToPath(new URL('../migrations/', import.meta.url));
/** Any constant will do, as long as every starter takes the same one. */
const migrationLock = 7_214_001;

export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/**
 * Brings the schema up to date: numbered SQL files, forward only, each in its own transaction.
 * Several starters are safe: they take turns by an advisory lock. Returns the names of what was applied.
 * Indexes that a killed seed left out are made again.
 */
export async function migrate(url: string): Promise<string[]> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'migrate',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`SET lock_timeout = '60s'`);
    await client.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await healIndexes(client);
    return await applyMissing(client);
  } finally {
    await client.end();
  }
}

async function applyMissing(client: pg.Client): Promise<string[]> {
  await client.query(
    `CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
  );
  const known = await migrationNames();
  const { rows } = await client.query<{ name: string }>('SELECT name FROM migrations');
  const applied = new Set(rows.map(row => row.name));
  refuseNewerSchema(known, applied);
  const missing = known.filter(name => !applied.has(name));
  for (const name of missing) await apply(client, name);
  return missing;
}

async function migrationNames(): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter(name => /^\d{4}-.*\.sql$/.test(name)).sort();
}

/** An old program must not write into a schema it has never heard of. */
function refuseNewerSchema(known: string[], applied: Set<string>): void {
  const unknown = [...applied].filter(name => !known.includes(name));
  if (unknown.length === 0) return;
  throw new MigrationError(
    `the database was migrated by a newer version (${unknown.join(', ')}): start that version, or restore a backup`,
  );
}

async function apply(client: pg.Client, name: string): Promise<void> {
  const sql = await readFile(folder + name, 'utf8');
  try {
    await client.query('BEGIN');
    await client.query(sql);
    await client.query('INSERT INTO migrations (name) VALUES ($1)', [name]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new MigrationError(
      `migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
