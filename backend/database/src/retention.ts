import type { Work } from './maintenance.ts';
import { dropOldestMonth, dropRollUpMonth, earlierTable, readMonths } from './partitions.ts';
import { withRetry } from './retry.ts';
import { rollUpMonth } from './roll-up.ts';

/** For how many days each class is kept; 0 is for ever. */
export interface Retention {
  readonly activities: number;
  /** Alerts that are resolved, since they were. */
  readonly alerts: number;
  /** Counts per day, of profiles and of all. */
  readonly rollUps: number;
}

/** Before this instant nothing is kept. */
async function cutoffOf({ db }: Work, days: number): Promise<number> {
  if (days === 0) return Number.NEGATIVE_INFINITY;
  const { rows } = await db.query<{ cutoff: number }>(`SELECT now() - $1 * interval '24 hours' AS cutoff`, [
    days,
  ]);
  return rows[0]?.cutoff ?? Number.NEGATIVE_INFINITY;
}

/**
 * Drops the months of which everything is too old, once they are counted, and deletes what is too old from before the first month.
 * A last post that is older than all that is kept comes there with the first look at its account, and goes with the next run: the schedule
 * remembers when it was. Answers how many months were dropped.
 */
export async function retainActivities(work: Work, keep: Retention): Promise<number> {
  const cutoff = await cutoffOf(work, keep.activities);
  const countedFrom = await cutoffOf(work, keep.rollUps);
  const months = await readMonths(work.db, 'activities');
  const old = months.filter(({ until }) => until <= cutoff);
  for (const month of old) {
    if (month.until > countedFrom) await rollUpMonth(work, month, true);
    await work.piece(() => dropOldestMonth(work, month));
  }
  if (cutoff !== Number.NEGATIVE_INFINITY) await deleteEarlier(work, cutoff);
  return old.length;
}

/** 8 MB of a table: some 100,000 rows at most. */
const pagesAtOnce = 1_000;

/** There is no index on time alone, so the table is read from its first page to its last, a piece at a time. */
async function deleteEarlier(work: Work, cutoff: number): Promise<void> {
  const { rows } = await work.db.query<{ pages: number }>(
    `SELECT (pg_relation_size($1::regclass) / current_setting('block_size')::integer)::integer AS pages`,
    [earlierTable],
  );
  const pages = rows[0]?.pages ?? 0;
  for (let page = 0; page < pages; page += pagesAtOnce) {
    await work.piece(() =>
      withRetry(() =>
        work.db.query(
          `DELETE FROM ${earlierTable} WHERE ctid >= $1::tid AND ctid < $2::tid AND occurred_at < $3`,
          [`(${page},0)`, `(${page + pagesAtOnce},0)`, new Date(cutoff)],
        ),
      ),
    );
  }
}

const alertsAtOnce = 2_000;

/** Deletes alerts that were resolved too long ago, with their events. Answers how many. */
export async function retainAlerts(work: Work, keep: Retention): Promise<number> {
  const cutoff = await cutoffOf(work, keep.alerts);
  if (cutoff === Number.NEGATIVE_INFINITY) return 0;
  let deleted = 0;
  // From where the piece before ended: else each piece would step over all that those before have left dead in the index.
  let from = new Date(0);
  for (;;) {
    const { rows } = await work.piece(() =>
      withRetry(() =>
        work.db.query<{ gone: number; last: number | null }>(deleteAlerts, [
          from,
          new Date(cutoff),
          alertsAtOnce,
        ]),
      ),
    );
    const { gone = 0, last = null } = rows[0] ?? {};
    deleted += gone;
    if (gone < alertsAtOnce || last === null) return deleted;
    from = new Date(last);
  }
}

const deleteAlerts = `
WITH old AS (
  SELECT alert_id, profile_id, resolved_at FROM alerts
   WHERE resolved_at >= $1 AND resolved_at < $2 ORDER BY resolved_at LIMIT $3
), gone AS (
  DELETE FROM alerts a USING old WHERE (a.alert_id, a.profile_id) = (old.alert_id, old.profile_id)
)
SELECT count(*)::integer AS gone, max(resolved_at) AS last FROM old`;

const daysAtOnce = 10_000;

/** Drops and deletes counts of days that are too long ago. Answers how many months of profiles were dropped. */
export async function retainRollUps(work: Work, keep: Retention): Promise<number> {
  const cutoff = await cutoffOf(work, keep.rollUps);
  const months = await readMonths(work.db, 'activity_months');
  const old = months.filter(({ until }) => until <= cutoff);
  for (const month of old) await work.piece(() => dropRollUpMonth(work, month));
  if (cutoff === Number.NEGATIVE_INFINITY) return old.length;
  for (const table of ['activity_days', 'alert_days']) await deleteDays(work, table, cutoff);
  return old.length;
}

async function deleteDays(work: Work, table: string, cutoff: number): Promise<void> {
  const piece = async () => {
    const { rowCount } = await work.db.query(
      `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM ${table} WHERE day < $1::timestamptz::date ORDER BY day LIMIT ${daysAtOnce}))`,
      [new Date(cutoff)],
    );
    return rowCount === daysAtOnce;
  };
  while (await work.piece(piece));
}
