import type { Queryable } from '@app/database/pool';

/** The schedule, one partition at a time: nothing then has to find out in which a row is. */
export interface Table {
  /** Takes the earliest of the partition whose turn it is, by moving them; none: another connection has them all. */
  claim(db: Queryable, turn: number, most: number): Promise<string[]>;
  /** Writes what looks at profiles of that partition found; resolves to how many rows it wrote. */
  write(db: Queryable, turn: number, ids: readonly string[]): Promise<number>;
}

/** `activityShare`: how many of the looks find a new post. */
export async function createTable(db: Queryable, activityShare: number): Promise<Table> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'schedule'::regclass ORDER BY 1`,
  );
  const partitions: Partition[] = rows.map(({ name }) => ({ name, claimedUntil: 0 }));
  const partitionOf = (turn: number) => partitions[turn % partitions.length] as Partition;
  return {
    claim: async (client, turn, most) => {
      const partition = partitionOf(turn);
      const claimed = await claim(client, partition, most);
      // What was written meanwhile lies behind: once round, it begins anew.
      if (claimed.length < most) partition.claimedUntil = 0;
      return claimed.length > 0 ? claimed : claim(client, partition, most);
    },
    write: async (client, turn, ids) => {
      const { name } = partitionOf(turn);
      const { rows } = await client.query<{ written: number }>({
        name: `write-${name}`,
        text: writeStatement(name),
        values: [`{${ids.join(',')}}`, activityShare],
      });
      return rows[0]?.written ?? 0;
    },
  };
}

interface Partition {
  readonly name: string;
  claimedUntil: number;
}

async function claim(client: Queryable, partition: Partition, most: number): Promise<string[]> {
  const { rows } = await client.query<{ ids: string | null; latest: number }>({
    name: `claim-${partition.name}`,
    text: claimStatement(partition.name),
    values: [most, new Date(partition.claimedUntil)],
  });
  const [claimed] = rows;
  if (!claimed?.ids) return [];
  partition.claimedUntil = Math.max(partition.claimedUntil, claimed.latest);
  return claimed.ids.split(',');
}

/** From the last claim's latest on: the index is not searched again through all that earlier claims left dead in it. */
const claimStatement = (partition: string) => `
WITH claimed AS (
  UPDATE ${partition} SET next_check_at = now() + interval '1 minute', claim_version = claim_version + 1
  WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM ${partition} WHERE lane = 'checks.fresh' AND next_check_at >= $2
    ORDER BY next_check_at LIMIT $1 FOR UPDATE SKIP LOCKED))
  RETURNING profile_id, old.next_check_at AS due
)
SELECT string_agg(profile_id::text, ',') AS ids, max(due) AS latest FROM claimed`;

/**
 * What is left by looks at profiles that posted within the hour. The server makes the values up, which is quicker than to
 * send them. The policy is the default group's: 7 days and a day of grace. 1288834974657 is the zero of X's clock.
 */
const writeStatement = (partition: string) => `
WITH seen AS (
  SELECT profile_id, to_timestamp(posted_ms / 1000.0) AS posted_at, (posted_ms - 1288834974657) << 22 AS post_id
  FROM (SELECT profile_id, (extract(epoch FROM now())::float8 * 1000 - random() * 3600000)::bigint AS posted_ms
        FROM unnest($1::bigint[]) AS profile_id) AS one
), written AS (
  UPDATE ${partition} s SET
    next_check_at = now() + interval '12 hours' + random() * interval '1 day', lane = 'checks.fresh', reason = 'fresh',
    deadline_at = posted_at + interval '8 days', checked_at = now(), last_activity_at = posted_at,
    last_post_id = post_id, suspected_at = NULL, account_state = 'ok', post_count = post_count + 1,
    posts_per_day = posts_per_day * 0.9 + 0.1, failures = 0
  FROM seen WHERE s.profile_id = seen.profile_id
  RETURNING s.profile_id
), new AS (
  INSERT INTO activities (profile_id, occurred_at, kind, post_id)
  SELECT profile_id, posted_at, 'post', post_id FROM seen WHERE random() < $2
  ON CONFLICT DO NOTHING
)
SELECT count(*)::integer AS written FROM written`;
