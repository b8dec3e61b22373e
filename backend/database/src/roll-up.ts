import { inOneTransaction, type Work } from './maintenance.ts';
import { type Month, makeRollUpMonth, readMonths } from './partitions.ts';
import { monthChunk, recentChunk } from './roll-up-statements.ts';

/** The step by whose last success it is known how far the days are counted. */
export const activityDaysStep = 'activity_days';

const oneDay = 86_400_000;
/** An act is found at the latest when freshness asks for a look, and that look may be late. */
const lookIsLateDays = 2;
/** Later than so many days an act is counted only once more: when its month is dropped. */
const mostLateDays = 35;

/** A count of the activities of some days, over all profiles. */
interface Count {
  /** `recent`, or the table of the month that is about to be dropped. */
  readonly name: string;
  readonly from: number;
  readonly until: number;
  /** Whether what each profile did is kept too. */
  readonly keepsProfiles: boolean;
}

/**
 * Counts the last days anew: so many as an act may be found after it happened, and all since the last success, as far as the
 * activities are kept. Counting anew corrects what came late, what was erased, and whatever went wrong before.
 * Answers when it began: what was seen until then is counted.
 */
export async function rollUpRecent(work: Work): Promise<number> {
  const { rows } = await work.db.query<{ today: number; late: number; counted: number | null }>(
    `SELECT date_trunc('day', now()) AS today,
            (SELECT ceil(max(freshness_s) / 86400.0)::integer FROM groups) AS late,
            (SELECT date_trunc('day', started_at) FROM maintenance WHERE step = $1) AS counted`,
    [activityDaysStep],
  );
  const [oldest] = await readMonths(work.db, 'activities');
  const { today, late, counted } = rows[0] as (typeof rows)[number];
  if (oldest === undefined) return today;
  const days = Math.min(late + lookIsLateDays, mostLateDays);
  const from = Math.max(Math.min(today, counted ?? 0) - days * oneDay, oldest.from);
  const count = { name: 'recent', from, until: today + oneDay, keepsProfiles: false };
  const startedAt = await begin(work, count);
  await countAll(work, count);
  await work.piece(() =>
    inOneTransaction(work.db, async () => {
      await replaceDays(work, count);
      await work.db.query('DELETE FROM roll_ups WHERE name = $1', [count.name]);
    }),
  );
  return startedAt;
}

/** Counts a month for the last time, before it is dropped. Once that is done it is not done again, however long the drop must wait. */
export async function rollUpMonth(work: Work, month: Month, keepsProfiles: boolean): Promise<void> {
  const { rowCount } = await work.db.query(
    'SELECT FROM roll_ups WHERE name = $1 AND finished_at IS NOT NULL',
    [month.table],
  );
  if (rowCount !== 0) return;
  if (keepsProfiles) await makeRollUpMonth(work, month);
  const count = { name: month.table, from: month.from, until: month.until, keepsProfiles };
  await begin(work, count);
  await countAll(work, count);
  await work.piece(() =>
    inOneTransaction(work.db, async () => {
      await replaceDays(work, count);
      await work.db.query('DELETE FROM roll_up_sums WHERE name = $1', [count.name]);
      await work.db.query('UPDATE roll_ups SET finished_at = clock_timestamp() WHERE name = $1', [
        count.name,
      ]);
    }),
  );
}

/** Goes on with a count of the same days that was left in the middle, unless that was yesterday. Answers when it began. */
async function begin({ db }: Work, { name, from, until }: Count): Promise<number> {
  return inOneTransaction(db, async () => {
    const days = [name, new Date(from), new Date(until)];
    const same = await db.query<{ started_at: number }>(
      `SELECT started_at FROM roll_ups
        WHERE name = $1 AND from_day = $2::timestamptz::date AND until_day = $3::timestamptz::date
          AND started_at > clock_timestamp() - interval '1 day'`,
      days,
    );
    if (same.rows[0]) return same.rows[0].started_at;
    await db.query('DELETE FROM roll_ups WHERE name = $1', [name]);
    const begun = await db.query<{ started_at: number }>(
      `INSERT INTO roll_ups (name, from_day, until_day)
       VALUES ($1, $2::timestamptz::date, $3::timestamptz::date) RETURNING started_at`,
      days,
    );
    return begun.rows[0]?.started_at ?? 0;
  });
}

/** A snapshot that is held for long slows the claims a hundredfold: a chunk should not take longer than this. */
const chunkMs = 150;
const chunk = { first: 1_000, least: 100, most: 100_000 };

/** All profiles, some thousands at a time. The sums and how far they go are written together: a count that is killed goes on after it. */
async function countAll(work: Work, count: Count): Promise<void> {
  let profiles = chunk.first;
  const next = async () => {
    const began = performance.now();
    const more = await countSome(work, count, profiles);
    const fit = chunkMs / Math.max(performance.now() - began, 1);
    const wanted = Math.round(profiles * Math.min(Math.max(fit, 0.5), 2));
    profiles = Math.min(Math.max(wanted, chunk.least), chunk.most);
    return more;
  };
  while (await work.piece(next));
}

/** Says whether there may be more. */
async function countSome({ db }: Work, count: Count, profiles: number): Promise<boolean> {
  const { rows } = await db.query<{ after: string; upto: string | null }>(
    `SELECT after_profile AS after,
            (SELECT max(profile_id) FROM (SELECT profile_id FROM profiles WHERE profile_id > after_profile
                                           ORDER BY profile_id LIMIT $2) AS next) AS upto
       FROM roll_ups WHERE name = $1`,
    [count.name, profiles],
  );
  const { after, upto } = rows[0] as (typeof rows)[number];
  if (upto === null) return false;
  const statement = count.keepsProfiles ? monthChunk : recentChunk;
  await whileErasing(() =>
    inOneTransaction(db, async () => {
      await db.query(statement, [count.name, after, upto, new Date(count.from), new Date(count.until)]);
      await db.query('UPDATE roll_ups SET after_profile = $2 WHERE name = $1', [count.name, upto]);
    }),
  );
  return true;
}

/** A profile that is erased between being counted and being written breaks the foreign key: counted again, it is gone. */
async function whileErasing(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: string }).code !== '23503' || attempt === 10) throw error;
    }
  }
}

/** The sums take the place of what was counted of these days before; unchanged rows are left alone. Group 0 is all groups. */
async function replaceDays({ db }: Work, { name, from, until }: Count): Promise<void> {
  const days = [name, new Date(from), new Date(until)];
  const sums = `
    WITH sums AS (
      SELECT day, coalesce(group_id, 0) AS group_id, kind, sum(activities)::bigint AS activities
        FROM roll_up_sums WHERE name = $1 GROUP BY GROUPING SETS ((day, group_id, kind), (day, kind)))`;
  await db.query(
    `${sums} DELETE FROM activity_days d
      WHERE d.day >= $2::timestamptz::date AND d.day < $3::timestamptz::date
        AND NOT EXISTS (SELECT FROM sums s WHERE (s.day, s.group_id, s.kind) = (d.day, d.group_id, d.kind))`,
    days,
  );
  await db.query(
    `${sums} INSERT INTO activity_days AS d (day, group_id, kind, activities) SELECT * FROM sums
     ON CONFLICT (day, group_id, kind) DO UPDATE SET activities = excluded.activities
      WHERE d.activities <> excluded.activities`,
    [name],
  );
}
