import type { ActivityRow } from './activities.ts';
import { alertDaysStep } from './alert-days.ts';
import type { AlertKind } from './alerts.ts';
import type { Queryable } from './pool.ts';
import { activityDaysStep } from './roll-up.ts';
import { unpackedCount, unpackedDay, unpackedKind } from './roll-up-statements.ts';

const oneDay = 86_400_000;

/** Days as "2026-11-23", both included. A day is a UTC day. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

export interface ActivityDayRow {
  readonly day: string;
  readonly kind: ActivityRow['kind'];
  readonly activities: number;
}

export interface AlertDayRow {
  readonly day: string;
  readonly kind: AlertKind;
  readonly opened: number;
  readonly resolved: number;
}

/**
 * What a profile did on each day, oldest first; days without any are left out. From the activities themselves as far back
 * as they are kept, and before that from what was counted when they were dropped. While a month is being dropped it is in both:
 * the greater count is the right one, because a count is never made of more than there was. The bounds are parameters as they are, without
 * arithmetic in SQL, so that the planner leaves out the months that do not matter (of 17 and 36: 3 ms less).
 */
export async function readProfileDays(
  db: Queryable,
  profileId: string,
  { from, to }: Days,
): Promise<ActivityDayRow[]> {
  const { rows } = await db.query<ActivityDayRow>(
    `SELECT to_char(day, 'YYYY-MM-DD') AS day, kind, max(n)::float8 AS activities
       FROM (SELECT (date_bin('1 day', occurred_at, 'epoch') AT TIME ZONE 'UTC')::date AS day, kind, count(*) AS n
               FROM activities
              WHERE profile_id = $1 AND occurred_at >= $2 AND occurred_at < $3
              GROUP BY date_bin('1 day', occurred_at, 'epoch'), kind
             UNION ALL
             SELECT month + ${unpackedDay} - 1, ${unpackedKind}, ${unpackedCount}
               FROM activity_months CROSS JOIN unnest(days) AS packed
              WHERE profile_id = $1 AND month > $4::date - 31 AND month <= $5::date) AS counted
      WHERE day >= $4::date AND day <= $5::date
      GROUP BY day, kind ORDER BY day, kind`,
    [profileId, new Date(from), new Date(Date.parse(to) + oneDay), from, to],
  );
  return rows;
}

export interface Totals {
  /** What was seen until then is counted; null while nothing was counted yet. */
  readonly asOf: number | null;
  readonly activities: readonly ActivityDayRow[];
  readonly alerts: readonly AlertDayRow[];
}

/** What all profiles did on each day, or those of a group, oldest first; days without any are left out. */
export async function readTotals(db: Queryable, groupId: number | null, { from, to }: Days): Promise<Totals> {
  const values = [from, to, groupId ?? 0];
  const inDays = 'WHERE day >= $1::date AND day <= $2::date AND group_id = $3 ORDER BY day, kind';
  const [counted, activities, alerts] = await Promise.all([
    db.query<{ as_of: number | null }>(
      'SELECT min(started_at) AS as_of FROM maintenance WHERE step = ANY ($1)',
      [[activityDaysStep, alertDaysStep]],
    ),
    db.query<ActivityDayRow>(
      `SELECT to_char(day, 'YYYY-MM-DD') AS day, kind, activities::float8 FROM activity_days ${inDays}`,
      values,
    ),
    db.query<AlertDayRow>(
      `SELECT to_char(day, 'YYYY-MM-DD') AS day, kind, opened::float8, resolved::float8 FROM alert_days ${inDays}`,
      values,
    ),
  ]);
  return { asOf: counted.rows[0]?.as_of ?? null, activities: activities.rows, alerts: alerts.rows };
}
