import type { GrowthContext } from '../growth/measure-growth.ts';

export interface BytesOnDisk {
  readonly profiles: number;
  /** Bytes per profile, by relation: tables, then their indexes; partitions count for the whole. */
  readonly by_relation: Readonly<Record<string, number>>;
  /** Of everything that a profile has from the day on which it is watched: `profiles` and `schedule`. */
  readonly per_profile: number;
  /** Of what has happened to profiles, and goes with retention: activities, alerts, and what is counted of them. */
  readonly history: number;
  readonly limit: number;
  readonly holds: boolean;
}

const limit = 400;
const standing = ['profiles', 'schedule'];

/** What the database takes on disk for each profile. */
export async function measureBytes({ pool }: Pick<GrowthContext, 'pool'>): Promise<BytesOnDisk> {
  const { rows: counted } = await pool.query<{ profiles: string }>(
    'SELECT count(*) AS profiles FROM profiles',
  );
  const profiles = Number(counted[0]?.profiles ?? 0);
  const { rows } = await pool.query<SizeRow>(sizes);
  const per = (bytes: number) => Number((bytes / profiles).toFixed(1));
  const sumOf = (which: readonly SizeRow[]) => per(which.reduce((sum, row) => sum + Number(row.bytes), 0));
  const perProfile = sumOf(rows.filter(row => standing.includes(row.table_name)));
  return {
    profiles,
    by_relation: Object.fromEntries(
      rows.map(row => [row.relation, per(Number(row.bytes))] as const).filter(([, bytes]) => bytes >= 0.1),
    ),
    per_profile: perProfile,
    history: sumOf(rows.filter(row => !standing.includes(row.table_name))),
    limit,
    holds: perProfile <= limit,
  };
}

interface SizeRow {
  table_name: string;
  relation: string;
  bytes: string;
}

/** The visibility and free space maps count with their table. */
const sizes = `
  SELECT coalesce(pg_partition_root(t), t)::regclass::text AS table_name,
         coalesce(pg_partition_root(oid), oid)::regclass::text AS relation,
         sum(CASE WHEN relkind = 'r' THEN pg_table_size(oid) ELSE pg_relation_size(oid) END) AS bytes
    FROM (SELECT c.oid, c.relkind, coalesce(x.indrelid, c.oid) AS t
            FROM pg_class c LEFT JOIN pg_index x ON x.indexrelid = c.oid
           WHERE c.relkind IN ('r', 'i') AND c.relnamespace = 'public'::regnamespace) AS parts
   GROUP BY 1, 2, relkind ORDER BY 1, relkind DESC, bytes DESC`;
