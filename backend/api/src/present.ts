import type { Activity } from '@app/contract/activity';
import type { Alert, AlertWithEvents } from '@app/contract/alert';
import type { Group } from '@app/contract/group';
import type { Profile, ProfileWithHistory } from '@app/contract/profile';
import type { ActivityRow } from '@app/database/activities';
import type { AlertEventRow, AlertRow } from '@app/database/alerts';
import type { GroupRow } from '@app/database/groups';
import type { FormerHandle, ProfileRow } from '@app/database/profiles';

/*
 * The only code that turns rows into JSON. Its types are those of the contract, so that the compiler holds it to them.
 */

export function instant(time: number): string {
  return new Date(time).toISOString();
}

export function instantOrNull(time: number | null): string | null {
  return time === null ? null : instant(time);
}

/** X's id; null while the key is a stand-in of our own (negative). */
export function presentId(profileId: string): string | null {
  return profileId.startsWith('-') ? null : profileId;
}

/** How a profile is named in a path: by its id, and by its handle while it has none. */
export function presentReference(profileId: string, handle: string | null): string {
  return presentId(profileId) ?? `@${handle}`;
}

export function presentProfile(row: ProfileRow): Profile {
  return {
    id: presentId(row.profile_id),
    handle: row.handle,
    name: row.name,
    group: row.group_name,
    status: row.status,
    threshold: row.threshold_s,
    threshold_from: row.own_threshold ? 'profile' : 'group',
    grace: row.grace_s,
    grace_from: row.own_grace ? 'profile' : 'group',
    last_activity_at: instantOrNull(row.last_activity_at),
    checked_at: instantOrNull(row.checked_at),
    deadline_at: instantOrNull(row.deadline_at),
    next_check_at: instant(row.next_check_at),
    next_check_reason: row.reason,
    account_state: row.account_state,
    basis: row.basis,
    created_at: instant(row.created_at),
    open_alerts: row.open_alerts,
  };
}

export function presentProfileWithHistory(row: ProfileRow, former: FormerHandle[]): ProfileWithHistory {
  const former_handles = former.map(({ handle, until }) => ({ handle, until: instant(until) }));
  return { ...presentProfile(row), former_handles };
}

export function presentActivity(row: ActivityRow): Activity {
  return {
    kind: row.kind,
    occurred_at: instant(row.occurred_at),
    window_from: instantOrNull(row.window_from),
    post_id: row.post_id,
  };
}

export function presentGroup(row: GroupRow): Group {
  return {
    id: row.group_id,
    name: row.name,
    threshold: row.threshold_s,
    grace: row.grace_s,
    freshness: row.freshness_s,
    weight: row.weight,
    profiles: Number(row.profiles),
    profiles_estimated: row.profiles_estimated,
    created_at: instant(row.created_at),
  };
}

export function presentAlert(row: AlertRow): Alert {
  return {
    id: row.alert_id,
    profile: { id: presentId(row.profile_id), handle: row.handle },
    kind: row.kind,
    status: row.status,
    baseline: row.baseline,
    became_true_at: instant(row.became_true_at),
    opened_at: instant(row.opened_at),
    silent_since: instantOrNull(row.silent_since),
    suspected_at: instant(row.suspected_at),
    confirmed_at: instant(row.confirmed_at),
    threshold: row.threshold_s,
    grace: row.grace_s,
    former_handle: row.former_handle,
    new_handle: row.new_handle,
    resolved_at: instantOrNull(row.resolved_at),
  };
}

export function presentAlertWithEvents(row: AlertRow, events: AlertEventRow[]): AlertWithEvents {
  return {
    ...presentAlert(row),
    events: events.map(({ event, at, activity_at }) => ({
      event,
      at: instant(at),
      activity_at: instantOrNull(activity_at),
    })),
  };
}
