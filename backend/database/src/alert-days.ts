import { inOneTransaction, type Work } from './maintenance.ts';

export const alertDaysStep = 'alert_days';

const oneDay = 86_400_000;

/**
 * Counts the alerts that were opened and resolved on each day since the day before the last success: unlike activities, they
 * are never found late. Answers when it began.
 */
export async function rollUpAlerts(work: Work): Promise<number> {
  const { rows } = await work.db.query<{ now: number; today: number; first: number | null }>(
    `SELECT now() AS now, date_trunc('day', now()) AS today,
            coalesce((SELECT date_trunc('day', started_at) - interval '1 day' FROM maintenance WHERE step = $1),
                     (SELECT date_trunc('day', min(opened_at)) FROM alerts)) AS first`,
    [alertDaysStep],
  );
  const { now, today, first } = rows[0] as (typeof rows)[number];
  for (let day = first ?? today; day <= today; day += oneDay) await work.piece(() => countDay(work, day));
  return now;
}

async function countDay({ db }: Work, day: number): Promise<void> {
  const bounds = [new Date(day), new Date(day + oneDay)];
  await inOneTransaction(db, async () => {
    await db.query(
      `${countedOf} DELETE FROM alert_days d
        WHERE d.day = $1::timestamptz::date
          AND NOT EXISTS (SELECT FROM counted c WHERE (c.group_id, c.kind) = (d.group_id, d.kind))`,
      bounds,
    );
    await db.query(
      `${countedOf} INSERT INTO alert_days AS d (day, group_id, kind, opened, resolved)
       SELECT $1::timestamptz::date, * FROM counted
       ON CONFLICT (day, group_id, kind) DO UPDATE SET opened = excluded.opened, resolved = excluded.resolved
        WHERE (d.opened, d.resolved) <> (excluded.opened, excluded.resolved)`,
      bounds,
    );
  });
}

/** Group 0 is all groups. */
const countedOf = `
WITH counted AS MATERIALIZED (
  SELECT coalesce(p.group_id, 0) AS group_id, a.kind, sum(opened) AS opened, sum(resolved) AS resolved
    FROM (SELECT profile_id, kind, 1 AS opened, 0 AS resolved FROM alerts WHERE opened_at >= $1 AND opened_at < $2
          UNION ALL
          SELECT profile_id, kind, 0, 1 FROM alerts WHERE resolved_at >= $1 AND resolved_at < $2) AS a
    JOIN profiles p USING (profile_id)
   GROUP BY GROUPING SETS ((p.group_id, a.kind), (a.kind)))`;
