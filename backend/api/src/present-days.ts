import { activityKinds } from '@app/contract/activity';
import type { ProfileDays, TotalDays } from '@app/contract/activity-days';
import { alertKinds } from '@app/contract/alert';
import type { ActivityDayRow, Days, Totals } from '@app/database/activity-days';
import { instantOrNull } from './present.ts';

/** Rows of one day and kind each become one object for each day, with a number for every kind. */

export function presentProfileDays(days: Days, rows: readonly ActivityDayRow[]): ProfileDays {
  const byDay = Object.groupBy(rows, row => row.day);
  return { ...days, days: daysIn(byDay).map(day => ({ day, activities: activitiesOf(byDay[day]) })) };
}

export function presentTotalDays(days: Days, { asOf, activities, alerts }: Totals): TotalDays {
  const byDay = Object.groupBy(activities, row => row.day);
  const alertsByDay = Object.groupBy(alerts, row => row.day);
  const present = (day: string) => ({
    day,
    activities: activitiesOf(byDay[day]),
    alerts_opened: counts(alertKinds, alertsByDay[day], row => row.opened),
    alerts_resolved: counts(alertKinds, alertsByDay[day], row => row.resolved),
  });
  return { ...days, as_of: instantOrNull(asOf), days: daysIn(byDay, alertsByDay).map(present) };
}

function daysIn(...grouped: readonly object[]): string[] {
  return [...new Set(grouped.flatMap(byDay => Object.keys(byDay)))].sort();
}

function activitiesOf(rows: readonly ActivityDayRow[] | undefined) {
  return counts(activityKinds, rows, row => row.activities);
}

/** The entries come from the list of all kinds, so that none is missing; fromEntries cannot say so. */
function counts<Kind extends string, Row extends { readonly kind: Kind }>(
  kinds: readonly Kind[],
  rows: readonly Row[] | undefined,
  countOf: (row: Row) => number,
): Record<Kind, number> {
  const found = new Map(rows?.map(row => [row.kind, countOf(row)]));
  return Object.fromEntries(kinds.map(kind => [kind, found.get(kind) ?? 0])) as Record<Kind, number>;
}
