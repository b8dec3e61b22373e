import { columnsOf, madeSql, type NewProfile } from './new-profiles.ts';
import type { Client, Pool } from './pool.ts';

/** A line of a file: a profile to add, or why it is not one. */
export interface ImportLine extends NewProfile {
  /** What stood there, for the report. */
  readonly value: string;
  readonly reason: string | null;
}

export interface RejectedLine {
  readonly line: number;
  readonly value: string;
  readonly reason: string;
}

export interface ImportSummary {
  readonly lines: number;
  readonly created: number;
  readonly duplicates: number;
  /** The first of them. */
  readonly duplicateLines: number[];
  readonly rejected: number;
}

export interface FinishedImport extends ImportSummary {
  /** All rejected lines in their order, some thousand at a time. */
  rejectedLines(): AsyncGenerator<RejectedLine[]>;
}

const duplicateLinesListed = 1_000;
const rejectedPerPage = 2_000;

/**
 * Imports a file of any length in constant memory: its lines go to a temporary table as they come, and from there in one
 * statement to where they belong, all in one transaction. `report` runs after the commit, while the temporary table
 * still holds what was rejected. A source that throws changes nothing.
 */
export async function importProfiles<T>(
  pool: Pool,
  batches: AsyncIterable<readonly ImportLine[]>,
  report: (finished: FinishedImport) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  // A connection may be lost between two statements; without a listener that would end the process.
  client.on('error', () => undefined);
  try {
    const summary = await inOneTransaction(client, batches);
    return await report({ ...summary, rejectedLines: () => readRejected(client) });
  } finally {
    // Closing the connection drops the temporary tables, whatever happened.
    client.release(true);
  }
}

async function inOneTransaction(
  client: Client,
  batches: AsyncIterable<readonly ImportLine[]>,
): Promise<ImportSummary> {
  try {
    await begin(client);
    for await (const lines of batches) await stage(client, lines);
    const summary = await merge(client);
    await client.query('COMMIT');
    return summary;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** The limits of the pool are for requests of a page; between two batches we wait for the client's upload. */
async function begin(client: Client): Promise<void> {
  await client.query(`
    BEGIN;
    SET LOCAL statement_timeout = '10min';
    SET LOCAL idle_in_transaction_session_timeout = '5min';
    SET LOCAL work_mem = '64MB';
    CREATE TEMPORARY TABLE import_lines (
      line integer NOT NULL, profile_id bigint, handle text, group_id integer,
      threshold_s integer, grace_s integer, basis text, value text, reason text);
    CREATE TEMPORARY TABLE import_made (profile_id bigint NOT NULL)`);
}

/** Only here a group's name becomes its key, so that a file of a million lines may name a thousand groups. */
async function stage(client: Client, lines: readonly ImportLine[]): Promise<void> {
  await client.query(
    `INSERT INTO import_lines
     SELECT u.line,
            CASE WHEN u.reason IS NULL THEN coalesce(u.id, nextval('unresolved_profile_id')) END,
            u.handle,
            CASE WHEN u.group_name IS NULL THEN 1 ELSE g.group_id END,
            u.threshold_s, u.grace_s, u.basis,
            CASE WHEN u.reason IS NOT NULL THEN u.value
                 WHEN u.group_name IS NOT NULL AND g.group_id IS NULL THEN left(u.group_name, 100) END,
            CASE WHEN u.reason IS NOT NULL THEN u.reason
                 WHEN u.group_name IS NOT NULL AND g.group_id IS NULL THEN 'group: no group has this name' END
       FROM unnest($1::integer[], $2::bigint[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::text[],
                   $8::text[], $9::text[])
            AS u (line, id, handle, group_name, threshold_s, grace_s, basis, value, reason)
       LEFT JOIN groups g ON lower(g.name) = lower(u.group_name)`,
    [...columnsOf(lines), lines.map(line => line.value), lines.map(line => line.reason)],
  );
}

async function merge(client: Client): Promise<ImportSummary> {
  await client.query('CREATE INDEX ON import_lines (line) WHERE reason IS NOT NULL; ANALYZE import_lines');
  const made = await client.query(`
    WITH incoming AS (SELECT * FROM import_lines WHERE reason IS NULL),
    ${madeSql(`'checks.fresh'`)}
    INSERT INTO import_made SELECT profile_id FROM made`);
  const { lines, valid } = await countLines(client);
  const created = made.rowCount ?? 0;
  const duplicates = valid - created;
  const duplicateLines = duplicates > 0 ? await firstDuplicates(client) : [];
  return { lines, created, duplicates, duplicateLines, rejected: lines - valid };
}

async function countLines(client: Client): Promise<{ lines: number; valid: number }> {
  const { rows } = await client.query<{ lines: number; valid: number }>(
    `SELECT count(*)::integer AS lines, (count(*) FILTER (WHERE reason IS NULL))::integer AS valid FROM import_lines`,
  );
  return rows[0] ?? { lines: 0, valid: 0 };
}

/** A line is a duplicate when its profile was not made by this import, or was made for a line further up. */
async function firstDuplicates(client: Client): Promise<number[]> {
  const { rows } = await client.query<{ line: number }>(
    `SELECT line FROM (
       SELECT i.line, m.profile_id AS made, row_number() OVER (PARTITION BY i.profile_id ORDER BY i.line) AS nth
         FROM import_lines i LEFT JOIN import_made m USING (profile_id) WHERE i.reason IS NULL) numbered
      WHERE made IS NULL OR nth > 1 ORDER BY line LIMIT $1`,
    [duplicateLinesListed],
  );
  return rows.map(row => row.line);
}

async function* readRejected(client: Client): AsyncGenerator<RejectedLine[]> {
  let after = 0;
  for (;;) {
    const { rows } = await client.query<RejectedLine>(
      `SELECT line, value, reason FROM import_lines WHERE reason IS NOT NULL AND line > $1 ORDER BY line LIMIT $2`,
      [after, rejectedPerPage],
    );
    if (rows.length > 0) yield rows;
    if (rows.length < rejectedPerPage) return;
    after = rows.at(-1)?.line ?? after;
  }
}
