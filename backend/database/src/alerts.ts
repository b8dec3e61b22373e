import type { Queryable } from './pool.ts';

export type AlertKind = 'inactivity' | 'suspended' | 'protected' | 'not_found' | 'renamed';
export type AlertStatus = 'open' | 'acknowledged' | 'snoozed' | 'resolved';

export interface AlertRow {
  readonly alert_id: string;
  readonly profile_id: string;
  readonly handle: string | null;
  readonly kind: AlertKind;
  readonly status: AlertStatus;
  readonly baseline: boolean;
  readonly became_true_at: number;
  readonly opened_at: number;
  /** The exact time, for the cursor. */
  readonly opened_us: string;
  readonly silent_since: number | null;
  readonly suspected_at: number;
  readonly confirmed_at: number;
  readonly threshold_s: number;
  readonly grace_s: number;
  readonly former_handle: string | null;
  readonly new_handle: string | null;
  readonly resolved_at: number | null;
}

export interface AlertEventRow {
  readonly event: 'opened' | 'resolved';
  readonly at: number;
  readonly activity_at: number | null;
}

export interface AlertFilter {
  readonly statuses?: readonly AlertStatus[] | undefined;
  readonly kinds?: readonly AlertKind[] | undefined;
  readonly groupId?: number | undefined;
  readonly profileId?: string | undefined;
}

/** Where a page of alerts ends. */
export interface AlertPlace {
  readonly microseconds: string;
  readonly id: string;
}

const selectAlerts = `
  SELECT a.*, p.handle, (extract(epoch FROM a.opened_at) * 1000000)::bigint AS opened_us
    FROM alerts a JOIN profiles p USING (profile_id)`;

/** A page of alerts, newest first. */
export async function listAlerts(
  db: Queryable,
  filter: AlertFilter,
  page: { readonly after: AlertPlace | null; readonly limit: number },
): Promise<AlertRow[]> {
  const values: unknown[] = [page.limit];
  const where: string[] = [];
  const place = (value: unknown) => `$${values.push(value)}`;
  if (page.after !== null) {
    const at = `timestamptz 'epoch' + ${place(page.after.microseconds)}::bigint * interval '1 microsecond'`;
    where.push(`(a.opened_at, a.alert_id) < (${at}, ${place(page.after.id)}::bigint)`);
  }
  if (filter.statuses) where.push(`a.status = ANY (${place(filter.statuses)}::alert_status[])`);
  if (filter.kinds) where.push(`a.kind = ANY (${place(filter.kinds)}::alert_kind[])`);
  if (filter.groupId !== undefined) where.push(`p.group_id = ${place(filter.groupId)}`);
  if (filter.profileId !== undefined) where.push(`a.profile_id = ${place(filter.profileId)}::bigint`);
  const condition = where.length > 0 ? `WHERE ${where.join(' AND ')}` : '';
  const { rows } = await db.query<AlertRow>(
    `${selectAlerts} ${condition} ORDER BY a.opened_at DESC, a.alert_id DESC LIMIT $1`,
    values,
  );
  return rows;
}

export async function readAlert(db: Queryable, alertId: string): Promise<AlertRow | null> {
  const { rows } = await db.query<AlertRow>(`${selectAlerts} WHERE a.alert_id = $1`, [alertId]);
  return rows[0] ?? null;
}

/** What happened to an alert, in order. */
export async function readAlertEvents(db: Queryable, alert: AlertRow): Promise<AlertEventRow[]> {
  const { rows } = await db.query<AlertEventRow>(
    `SELECT event, at, activity_at FROM alert_events
      WHERE profile_id = $1 AND alert_id = $2 ORDER BY at, event LIMIT 1000`,
    [alert.profile_id, alert.alert_id],
  );
  return rows;
}
