import type { Status } from '@app/policy/status';
import type { Queryable } from './pool.ts';
import { prepared } from './prepared.ts';
import { undecidedSql } from './profile-sources.ts';
import { undecided } from './profile-steps.ts';
import { statusSql } from './status-sql.ts';

/*
 * Counting profiles by group and status, by how long they have been silent and by how soon their deadlines are: over any
 * relation of p (profiles), g (groups) and s (schedule).
 */

const [hour, day] = [3_600, 86_400];

/** Seconds of silence between which profiles are counted: about twice as long from one to the next. */
export const silenceBounds: readonly number[] = [
  hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  4 * day,
  7 * day,
  14 * day,
  30 * day,
  60 * day,
  120 * day,
  240 * day,
  365 * day,
  730 * day,
];

/** Seconds within which deadlines are counted. */
export const deadlineHorizons: readonly number[] = [hour, 6 * hour, 24 * hour];

/** Statuses of profiles whose activity can be seen: what is said of silence is said of these. */
const visible: readonly Status[] = ['active', 'late', 'inactive', 'unknown'];

const quoted = (words: readonly string[]) => words.map(word => `'${word}'`).join(', ');

/** What was counted. */
export interface Tally {
  profiles: number;
  /** By group, then by status. */
  readonly groups: Map<number, Map<Status, number>>;
  /** How many are silent for less than the first of `silenceBounds`, between each and the next, and for longer than the last. */
  readonly silence: number[];
  /** How many deadlines fall within each of `deadlineHorizons`. */
  readonly deadlines: number[];
  /** Profiles that are suspected of silence, not inactive, and not to be found as undecided. */
  strays: number;
}

export function emptyTally(): Tally {
  const zeros = (length: number) => Array.from({ length }, () => 0);
  return {
    profiles: 0,
    groups: new Map(),
    silence: zeros(silenceBounds.length + 1),
    deadlines: zeros(deadlineHorizons.length),
    strays: 0,
  };
}

export function countOf(tally: Tally, status: Status): number {
  let sum = 0;
  for (const statuses of tally.groups.values()) sum += statuses.get(status) ?? 0;
  return sum;
}

interface TallyRow {
  readonly group_id: number;
  readonly status: Status;
  readonly silence: number | null;
  readonly profiles: number;
  readonly due: number[];
  readonly strays: number;
}

/** Adds what a relation of p, g and s holds. */
export async function addTo(
  tally: Tally,
  db: Queryable,
  relation: string,
  values: unknown[] = [],
): Promise<void> {
  const { rows } = await db.query<TallyRow>(prepared(tallySql(relation), values));
  for (const row of rows) {
    const statuses = tally.groups.get(row.group_id) ?? new Map<Status, number>();
    statuses.set(row.status, (statuses.get(row.status) ?? 0) + row.profiles);
    tally.groups.set(row.group_id, statuses);
    tally.profiles += row.profiles;
    tally.strays += row.strays;
    if (row.silence !== null) tally.silence[row.silence] = (tally.silence[row.silence] ?? 0) + row.profiles;
    row.due.forEach((profiles, i) => {
      tally.deadlines[i] = (tally.deadlines[i] ?? 0) + profiles;
    });
  }
}

/** One row for each group, status and length of silence. Each part is evaluated once for a row: OFFSET 0 keeps it apart. */
function tallySql(relation: string): string {
  const due = deadlineHorizons.map(seconds => `count(*) FILTER (WHERE due_in < ${seconds})::integer`);
  return `
  SELECT group_id, status, silence, count(*)::integer AS profiles, ARRAY[${due.join(', ')}] AS due,
    count(*) FILTER (WHERE stray)::integer AS strays
  FROM (
    SELECT group_id, status,
      CASE WHEN status IN (${quoted(visible)}) THEN width_bucket(idle, ARRAY[${silenceBounds.join(', ')}]::float8[]) END AS silence,
      CASE WHEN status IN (${quoted(undecided)}) AND due_in >= 0 THEN due_in END AS due_in,
      status IN (${quoted(undecided)}) AND stray AS stray
    FROM (
      SELECT p.group_id, ${statusSql} AS status,
        date_part('epoch', now() - s.last_activity_at) AS idle,
        CASE WHEN s.suspected_at IS NULL THEN date_part('epoch', s.deadline_at - now()) END AS due_in,
        s.suspected_at IS NOT NULL AND (SELECT ${undecidedSql} FROM (SELECT s.*) u) IS NOT TRUE AS stray
      FROM ${relation} OFFSET 0) judged
    OFFSET 0) counted
  GROUP BY group_id, status, silence`;
}
