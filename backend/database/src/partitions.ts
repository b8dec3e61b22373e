import { type Work, withBriefLock } from './maintenance.ts';
import { inTransaction, type Pool, type Queryable } from './pool.ts';
import { withRetry } from './retry.ts';

/** Held while partitions are made, so that several producers take turns. */
const partitionLock = 7_214_003;
/** The tables that are kept by months. */
type Monthly = 'activities' | 'activity_months';
/** So many months ahead, inserts need no maintenance. */
const monthsAhead = 3;

/** One month of a table. Times are milliseconds; `until` is not included. */
export interface Month {
  readonly table: string;
  readonly from: number;
  readonly until: number;
}

/** "202611" */
export function monthName(time: number): string {
  return new Date(time).toISOString().slice(0, 7).replace('-', '');
}

/** The beginning of the month, in UTC, that lies so many months after that of `time`. */
export function monthStart(time: number, after = 0): number {
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + after);
}

interface Bounds {
  readonly table: string;
  readonly from: number | null;
  readonly until: number;
}

async function readBounds(db: Queryable, parent: Monthly): Promise<Bounds[]> {
  const { rows } = await db.query<Bounds>(
    `SELECT c.relname AS table, (regexp_match(bound, $$FROM \\('([^']+)'\\)$$))[1]::timestamptz AS from,
            (regexp_match(bound, $$TO \\('([^']+)'\\)$$))[1]::timestamptz AS until
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid, pg_get_expr(c.relpartbound, c.oid) AS bound
      WHERE i.inhparent = $1::regclass ORDER BY until`,
    [parent],
  );
  return rows;
}

/** The months of a table, oldest first. */
export async function readMonths(db: Queryable, parent: Monthly): Promise<Month[]> {
  const bounds = await readBounds(db, parent);
  return bounds.flatMap(({ table, from, until }) => (from === null ? [] : [{ table, from, until }]));
}

/**
 * Makes the months of `activities` up to three ahead, without a gap to the newest one that is there: after a stop of half a year, what
 * happened meanwhile is inserted too. Returns how many were missing. Idempotent.
 */
export async function makeActivityPartitions(pool: Pool): Promise<number> {
  return withRetry(() => inTransaction(pool, makeMissing));
}

async function makeMissing(db: Queryable): Promise<number> {
  await db.query(`SET LOCAL lock_timeout = '10s'`);
  await db.query('SELECT pg_advisory_xact_lock($1)', [partitionLock]);
  const { rows } = await db.query<{ now: number }>('SELECT now() AS now');
  const now = rows[0]?.now ?? 0;
  const bounds = await readBounds(db, 'activities');
  let made = 0;
  let from = bounds.at(-1)?.until ?? monthStart(now);
  while (from < monthStart(now, monthsAhead + 1)) {
    const until = monthStart(from, 1);
    await makeMonth(db, 'activities', { from, until });
    from = until;
    made++;
  }
  return made;
}

/**
 * Made apart and then attached: that lets all others go on, while CREATE TABLE … PARTITION OF would wait for every statement on the table,
 * and all that follow behind it.
 */
async function makeMonth(
  db: Queryable,
  parent: Monthly,
  { from, until }: Omit<Month, 'table'>,
): Promise<void> {
  const table = `${parent}_${monthName(from)}`;
  const [first, next] = [from, until].map(time => `'${new Date(time).toISOString()}'`);
  await db.query(
    `CREATE TABLE ${table} (LIKE ${parent} INCLUDING CONSTRAINTS) WITH (autovacuum_vacuum_insert_scale_factor = 0.02)`,
  );
  await db.query(`ALTER TABLE ${parent} ATTACH PARTITION ${table} FOR VALUES FROM (${first}) TO (${next})`);
}

/** A month for what is left of the activities of profiles; its foreign key locks `profiles` for a moment. */
export async function makeRollUpMonth(work: Work, month: Omit<Month, 'table'>): Promise<void> {
  const months = await readMonths(work.db, 'activity_months');
  if (months.some(({ from }) => from === month.from)) return;
  await withBriefLock(work, () => makeMonth(work.db, 'activity_months', month));
}

/** Everything before the first month: last posts of long silent accounts. */
export const earlierTable = 'activities_earlier';

/**
 * Drops the oldest month of `activities`, and lets what comes before the first month begin where it ended, in one transaction: acts of
 * that time are still found, by first looks at accounts that are silent since, and there is no instant at which they have no table.
 * That is why the month is not detached "concurrently": until its place is taken, every such insert would fail.
 * `activities_earlier` begins empty again: all of it is older than the month.
 */
export async function dropOldestMonth(work: Work, month: Month): Promise<void> {
  await withBriefLock(work, async () => {
    await work.db.query('LOCK TABLE ONLY activities IN ACCESS EXCLUSIVE MODE');
    const until = (await readBounds(work.db, 'activities'))[1]?.until;
    if (until !== month.until) throw new Error(`${month.table} is not the oldest month of activities`);
    // The files are removed after the commit, when the locks are free again.
    await work.db.query(`DROP TABLE ${earlierTable}, ${month.table}`);
    await work.db.query(
      `CREATE TABLE ${earlierTable} PARTITION OF activities
         FOR VALUES FROM (MINVALUE) TO ('${new Date(month.until).toISOString()}')`,
    );
    await work.db.query('DELETE FROM roll_ups WHERE name = $1', [month.table]);
  });
}

export async function dropRollUpMonth(work: Work, month: Month): Promise<void> {
  await withBriefLock(work, () => work.db.query(`DROP TABLE ${month.table}`));
}
