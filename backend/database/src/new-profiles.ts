import { type Client, inTransaction, type Pool } from './pool.ts';

export type ImportLane = 'checks.fresh' | 'checks.manual';

/** A profile to add, by id or by handle. What is null is left to the group, and the group to the default. */
export interface NewProfile {
  /** Its place in the request, or its line in the file. */
  readonly line: number;
  readonly id: string | null;
  readonly handle: string | null;
  readonly group: string | null;
  readonly threshold: number | null;
  readonly grace: number | null;
  readonly basis: string;
}

/** What became of one: its key now, and whether it was watched before or stood further up already. */
export interface AddedProfile {
  readonly line: number;
  readonly profile_id: string;
  readonly created: boolean;
}

export type AddProfilesResult =
  | { readonly outcome: 'added'; readonly profiles: AddedProfile[] }
  | { readonly outcome: 'unknown_groups'; readonly lines: number[] };

/** The columns of `NewProfile`, one array each: the quickest way in, and one statement however many rows. */
const given = `unnest($1::integer[], $2::bigint[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::text[])
  AS u (line, id, handle, group_name, threshold_s, grace_s, basis)`;

/** The array for each column of `given`. */
export function columnsOf(rows: readonly NewProfile[]): unknown[][] {
  return [
    rows.map(row => row.line),
    rows.map(row => row.id),
    rows.map(row => row.handle),
    rows.map(row => row.group),
    rows.map(row => row.threshold),
    rows.map(row => row.grace),
    rows.map(row => row.basis),
  ];
}

/**
 * Makes what is not watched yet, out of a relation `incoming` (line, profile_id, handle, group_id, threshold_s, grace_s,
 * basis), and plans its first look at once. What is watched already, by its id or by a handle that some profile holds,
 * is left alone. Rows go in by the order of their keys, so that two of these cannot deadlock over the unique indexes.
 */
export function madeSql(laneOf: string): string {
  return `
  made AS (
    INSERT INTO profiles (profile_id, handle, group_id, threshold_s, grace_s, basis)
    SELECT DISTINCT ON (greatest(i.profile_id, 0), lower(i.handle))
           i.profile_id, i.handle, i.group_id, i.threshold_s, i.grace_s, i.basis::basis
      FROM incoming i
     WHERE i.profile_id > 0
        OR NOT EXISTS (SELECT FROM profiles p WHERE lower(p.handle) = lower(i.handle))
     ORDER BY greatest(i.profile_id, 0), lower(i.handle), i.line
        ON CONFLICT DO NOTHING
    RETURNING profile_id),
  planned AS (
    INSERT INTO schedule (profile_id, next_check_at, lane) SELECT profile_id, now(), ${laneOf}::lane FROM made)`;
}

/** Adds profiles, all or none: an unknown group anywhere adds nothing. Existing profiles are never changed. */
export async function addProfiles(
  pool: Pool,
  rows: readonly NewProfile[],
  lane: ImportLane,
): Promise<AddProfilesResult> {
  return inTransaction(pool, async client => {
    const columns = columnsOf(rows);
    const lines = await linesOfUnknownGroups(client, columns);
    if (lines.length > 0) return { outcome: 'unknown_groups', lines };
    const profiles = await insertNew(client, columns, lane);
    return { outcome: 'added', profiles: await withExistingKeys(client, rows, profiles) };
  });
}

async function linesOfUnknownGroups(client: Client, columns: unknown[][]): Promise<number[]> {
  const { rows } = await client.query<{ line: number }>(
    `SELECT u.line FROM unnest($1::integer[], $2::text[]) AS u (line, group_name)
      WHERE u.group_name IS NOT NULL
        AND NOT EXISTS (SELECT FROM groups g WHERE lower(g.name) = lower(u.group_name)) ORDER BY u.line`,
    [columns[0], columns[3]],
  );
  return rows.map(row => row.line);
}

async function insertNew(client: Client, columns: unknown[][], lane: ImportLane): Promise<AddedProfile[]> {
  const { rows } = await client.query<AddedProfile>(
    `WITH incoming AS MATERIALIZED (
       SELECT u.line, coalesce(u.id, nextval('unresolved_profile_id')) AS profile_id, u.handle,
              CASE WHEN u.group_name IS NULL THEN 1 ELSE g.group_id END AS group_id,
              u.threshold_s, u.grace_s, u.basis
         FROM ${given} LEFT JOIN groups g ON lower(g.name) = lower(u.group_name)),
     ${madeSql('$8')}
     SELECT i.line, i.profile_id,
            m.profile_id IS NOT NULL AND row_number() OVER (PARTITION BY i.profile_id ORDER BY i.line) = 1 AS created
       FROM incoming i LEFT JOIN made m USING (profile_id) ORDER BY i.line`,
    [...columns, lane],
  );
  return rows;
}

/** A handle that was not made anew has a key already: of the profile that holds it, as `findProfileId` chooses. */
async function withExistingKeys(
  client: Client,
  rows: readonly NewProfile[],
  profiles: AddedProfile[],
): Promise<AddedProfile[]> {
  const keys = await keysOfHandles(
    client,
    rows.flatMap((row, index) => (row.handle !== null && !profiles[index]?.created ? [row.handle] : [])),
  );
  return profiles.map((profile, index) => {
    const handle = rows[index]?.handle?.toLowerCase();
    const key = profile.created || handle === undefined ? undefined : keys.get(handle);
    return key === undefined ? profile : { ...profile, profile_id: key };
  });
}

async function keysOfHandles(client: Client, handles: string[]): Promise<Map<string, string>> {
  if (handles.length === 0) return new Map();
  const { rows } = await client.query<{ handle: string; profile_id: string }>(
    `SELECT DISTINCT ON (lower(p.handle)) lower(p.handle) AS handle, p.profile_id
       FROM profiles p JOIN schedule s USING (profile_id)
      WHERE lower(p.handle) = ANY (SELECT lower(unnest($1::text[])))
      ORDER BY lower(p.handle), p.profile_id < 0, s.checked_at DESC NULLS LAST, p.profile_id`,
    [handles],
  );
  return new Map(rows.map(row => [row.handle, row.profile_id]));
}
