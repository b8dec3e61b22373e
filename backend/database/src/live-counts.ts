import { patience, type Status } from '@app/policy/status';
import type { Queryable } from './pool.ts';
import { placesIn, prepared } from './prepared.ts';
import { candidatesOf, type SourceName, type Wanted } from './profile-sources.ts';
import { statusSteps } from './profile-steps.ts';
import { statusSql } from './status-sql.ts';
import { addTo, countOf, deadlineHorizons, emptyTally, type Tally } from './tally.ts';

/*
 * Counting at the moment of asking, as long as there are few. Counts are exact up to `exactUpTo`; beyond, counting is given up, and
 * the last census says about how many there are.
 */

export const exactUpTo = 10_000;

/** All profiles; null when there are too many. */
export async function countAllLive(db: Queryable): Promise<Tally | null> {
  const { rows } = await db.query<{ profiles: number }>(
    `SELECT count(*)::integer AS profiles
       FROM (SELECT FROM profiles ORDER BY profile_id LIMIT ${exactUpTo + 1}) few`,
  );
  if ((rows[0]?.profiles ?? 0) > exactUpTo) return null;
  const tally = emptyTally();
  await addTo(tally, db, 'profiles p JOIN groups g USING (group_id) JOIN schedule s USING (profile_id)');
  return tally;
}

/** What a source offers; null when that is too much. */
export async function countSource(db: Queryable, source: SourceName, wanted: Wanted): Promise<Tally | null> {
  const values: unknown[] = [];
  const range = { after: null, examine: exactUpTo + 1 };
  const tally = emptyTally();
  await addTo(tally, db, candidatesOf(source, wanted, range, placesIn(values)).from, values);
  return tally.profiles > exactUpTo ? null : tally;
}

/** Which rows of the schedule have a status, as far as an index of its own can tell. */
const indexed = {
  pending: `account_state = 'unseen' AND account_state <> 'ok'`,
  suspended: `account_state = 'suspended' AND account_state <> 'ok'`,
  protected: `account_state = 'protected' AND account_state <> 'ok'`,
  not_found: `account_state = 'not_found' AND account_state <> 'ok'`,
  inactive: 'suspected_at IS NOT NULL',
  unknown: `suspected_at IS NULL AND deadline_at IS NOT NULL
    AND deadline_at <= now() - make_interval(secs => ${patience / 1000})`,
} as const;
type Indexed = keyof typeof indexed;
const indexedStatuses = Object.keys(indexed) as Indexed[];

type StatusCounts = Partial<Record<Status, number>>;

/**
 * How many have each of these statuses: more than `exactUpTo` says no more than that; absent is what cannot be told. Entries of an
 * index are counted instead of profiles, a fraction of the work: whoever is paused or undecided is counted apart and taken off.
 */
export async function countStatusesLive(db: Queryable, wanted: readonly Status[]): Promise<StatusCounts> {
  const paused = await countPaused(db);
  const between = paused && (await countUndecided(db));
  if (!paused || !between) return {};
  const entries = await countEntries(db, wanted);
  const counts: StatusCounts = wanted.includes('paused') ? { paused: paused.all } : {};
  for (const status of indexedStatuses) {
    const found = entries[status];
    if (found === null) continue;
    const others = status === 'inactive' ? between.suspected : 0;
    const more = status === 'unknown' ? between.unknown : 0;
    counts[status] = found > exactUpTo ? found : Math.max(0, found - paused[status] - others + more);
  }
  for (const status of ['active', 'late'] as const) {
    const tally = wanted.includes(status) ? await countSource(db, 'deadline', { statuses: [status] }) : null;
    if (tally) counts[status] = between[status] + countOf(tally, status);
  }
  return counts;
}

/** Entries of the indexes, one more than `exactUpTo` at most. */
async function countEntries(
  db: Queryable,
  wanted: readonly Status[],
): Promise<Record<Indexed, number | null>> {
  const columns = indexedStatuses.map(
    (status, i) => `CASE WHEN $${i + 1}::boolean THEN (SELECT count(*)::integer FROM (
      SELECT FROM schedule WHERE ${indexed[status]} LIMIT ${exactUpTo + 1}) few) END AS ${status}`,
  );
  const asked = indexedStatuses.map(status => wanted.includes(status));
  const { rows } = await db.query<Record<Indexed, number | null>>(
    prepared(`SELECT ${columns.join(', ')}`, asked),
  );
  return rows[0] as Record<Indexed, number | null>;
}

/** The rows of the schedule whose profiles are paused. */
const pausedRows = `
  (SELECT profile_id FROM profiles WHERE paused_at IS NOT NULL ORDER BY profile_id LIMIT ${exactUpTo + 1}) p
   CROSS JOIN LATERAL (SELECT * FROM schedule s WHERE s.profile_id = p.profile_id OFFSET 0) s`;

/** How many paused profiles have an entry in each of these indexes; null when too many are paused. */
async function countPaused(db: Queryable): Promise<Record<Indexed | 'all', number> | null> {
  const columns = indexedStatuses.map(
    status => `count(*) FILTER (WHERE ${indexed[status]})::integer AS ${status}`,
  );
  const { rows } = await db.query<Record<Indexed | 'all', number>>(
    prepared(
      `SELECT count(*)::integer AS "all", ${columns.join(', ')}
         FROM ${pausedRows}`,
      [],
    ),
  );
  return rows[0] && rows[0].all <= exactUpTo ? rows[0] : null;
}

interface Undecided {
  readonly active: number;
  readonly late: number;
  readonly unknown: number;
  /** Of those with a first look at their silence: the ones that are not inactive. */
  readonly suspected: number;
}

async function countUndecided(db: Queryable): Promise<Undecided | null> {
  const range = { after: null, examine: exactUpTo + 1 };
  const { from } = candidatesOf('undecided', {}, range, placesIn([]));
  const { rows } = await db.query<Undecided & { examined: number }>(
    prepared(
      `SELECT count(*)::integer AS examined,
          count(*) FILTER (WHERE status = 'active')::integer AS active,
          count(*) FILTER (WHERE status = 'late')::integer AS late,
          count(*) FILTER (WHERE status = 'unknown')::integer AS unknown,
          count(*) FILTER (WHERE suspected AND status NOT IN ('inactive', 'paused'))::integer AS suspected
         FROM (SELECT ${statusSql} AS status, s.suspected_at IS NOT NULL AS suspected FROM ${from} OFFSET 0) judged`,
      [],
    ),
  );
  return rows[0] && rows[0].examined <= exactUpTo ? rows[0] : null;
}

/** How many deadlines fall within each of the first so many of `deadlineHorizons`; null when they are too many. */
export async function countDeadlinesLive(db: Queryable, horizons: number): Promise<number[] | null> {
  const within = deadlineHorizons.slice(0, horizons);
  const before = (seconds: number | undefined) => `deadline_at < now() + make_interval(secs => ${seconds})`;
  const range = `suspected_at IS NULL AND deadline_at IS NOT NULL AND deadline_at >= now() AND ${before(within.at(-1))}`;
  const counts = within.map(seconds => `count(*) FILTER (WHERE ${before(seconds)})::integer`);
  const { rows } = await db.query<{ most: number; counts: number[]; paused: number[] }>(
    prepared(
      `SELECT greatest(d.examined, p.examined) AS most, d.counts, p.counts AS paused
         FROM (SELECT count(*)::integer AS examined, ARRAY[${counts.join(', ')}] AS counts FROM (
                 SELECT deadline_at FROM schedule WHERE ${range} LIMIT ${exactUpTo + 1}) few) d
        CROSS JOIN (SELECT count(*)::integer AS examined, ARRAY[${counts.join(', ')}] AS counts FROM (
                 SELECT CASE WHEN ${range} THEN deadline_at END AS deadline_at FROM ${pausedRows}) few) p`,
      [],
    ),
  );
  const row = rows[0];
  if (!row || row.most > exactUpTo) return null;
  return row.counts.map((count, i) => count - (row.paused[i] ?? 0));
}

/** The profiles with one of these statuses, by group; null when that is too much to count. */
export async function countByGroupLive(
  db: Queryable,
  statuses: readonly Status[],
): Promise<Map<number, number> | null> {
  const counts = new Map<number, number>();
  for (const step of statusSteps(statuses, false)) {
    const tally = await countSource(db, step.source, { statuses: step.statuses });
    if (tally === null) return null;
    for (const [group, ofStatus] of tally.groups) {
      for (const status of step.statuses ?? []) {
        counts.set(group, (counts.get(group) ?? 0) + (ofStatus.get(status) ?? 0));
      }
    }
  }
  return counts;
}
