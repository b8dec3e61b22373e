import type { Activity, NewAlert, State } from '@app/policy/judgment';
import type { CheckLane, CheckReason } from '@app/policy/next-check';
import type { Rule } from '@app/policy/status';
import { type Client, inTransaction, type Pool } from '../pool.ts';
import { copyIn } from './copy-in.ts';
import { CopyRows } from './copy-rows.ts';

/** A profile as its first looks left it. */
export interface SeededProfile {
  readonly id: number;
  readonly handle: string | null;
  readonly name: string | null;
  readonly groupId: number;
  readonly watchedSince: number;
  readonly rule: Rule;
  readonly state: State;
  readonly next: { readonly at: number; readonly lane: CheckLane; readonly reason: CheckReason };
  /** Each look was a claim. */
  readonly looks: number;
  readonly activities: readonly Activity[];
  readonly opened: readonly NewAlert[];
}

const tables = {
  profiles: ['profile_id', 'handle', 'name', 'group_id', 'created_at'],
  schedule: [
    ...['profile_id', 'next_check_at', 'deadline_at', 'checked_at', 'last_activity_at', 'last_post_id'],
    ...['profile_hash', 'state_since', 'suspected_at', 'claim_version', 'post_count', 'like_count'],
    ...['following_count', 'posts_per_day', 'lane', 'account_state', 'reason', 'failures'],
  ],
  activities: ['profile_id', 'occurred_at', 'kind', 'window_from', 'post_id'],
  alerts: [
    ...['profile_id', 'kind', 'baseline', 'became_true_at', 'opened_at', 'silent_since', 'suspected_at'],
    ...['confirmed_at', 'threshold_s', 'grace_s'],
  ],
} as const;

type Table = keyof typeof tables;
export const seededTables = Object.keys(tables) as readonly Table[];
type Rows = Readonly<Record<Table, CopyRows>>;

/** How rows go in. */
export interface Loading {
  /**
   * Foreign keys are not asked row by row, which would cost as much as the rest: a profile and all of it go in together,
   * and its group is held.
   */
  readonly trusted: boolean;
  /** Does the copying into a table (by its place in `seededTables`) when its turn has come. */
  readonly inTurn: (table: number, copy: () => Promise<void>) => Promise<void>;
}

/** Whether this role may load without asking each foreign key. */
export async function mayTrust(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ may: boolean }>(
    `SELECT has_parameter_privilege('session_replication_role', 'SET') AS may`,
  );
  return rows[0]?.may === true;
}

/** Writes profiles with everything that is known of them, all of them or none, and answers how many they were. One call at a time. */
export type LoadProfiles = (profiles: Iterable<SeededProfile>) => Promise<number>;

/**
 * Each profile is turned into rows as it comes, so that none grows old, and the memory of the rows is used again: 10,000
 * profiles that are kept, or 5 MB that are new each time, cost as much to collect as to make.
 */
export function createLoader(pool: Pool, { trusted, inTurn }: Loading): LoadProfiles {
  const rows: Rows = {
    profiles: new CopyRows(),
    schedule: new CopyRows(),
    activities: new CopyRows(),
    alerts: new CopyRows(),
  };
  return async profiles => {
    const { groups, alerted } = collect(profiles, rows);
    await inTransaction(pool, async client => {
      // A chunk waits for its turn inside its transaction, however long a slow disk takes with those before it.
      await client.query(
        'SET LOCAL synchronous_commit = off; SET LOCAL idle_in_transaction_session_timeout = 0',
      );
      await client.query('SELECT FROM groups WHERE group_id = ANY ($1) ORDER BY group_id FOR KEY SHARE', [
        [...groups],
      ]);
      if (trusted) await client.query('SET LOCAL session_replication_role = replica');
      for (const [i, table] of seededTables.entries()) {
        await inTurn(i, () => copyIn(client, table, tables[table], rows[table].bytes()));
      }
      await tellAlerts(client, alerted);
    });
    return rows.profiles.rows;
  };
}

/** The alerts get their ids as they go in. */
async function tellAlerts(client: Client, alerted: readonly number[]): Promise<void> {
  await client.query(
    `INSERT INTO alert_events (alert_id, profile_id, at, event)
     SELECT alert_id, profile_id, opened_at, 'opened' FROM alerts
      WHERE profile_id = ANY ($1::bigint[]) AND status <> 'resolved'`,
    [alerted],
  );
}

function collect(profiles: Iterable<SeededProfile>, rows: Rows) {
  for (const table of seededTables) rows[table].clear();
  const groups = new Set<number>();
  const alerted: number[] = [];
  for (const profile of profiles) {
    groups.add(profile.groupId);
    if (profile.opened.length > 0) alerted.push(profile.id);
    addProfile(rows.profiles, profile);
    addSchedule(rows.schedule, profile);
    for (const activity of profile.activities) addActivity(rows.activities, profile, activity);
    for (const alert of profile.opened) addAlert(rows.alerts, profile, alert);
  }
  return { groups, alerted };
}

function addProfile(rows: CopyRows, { id, handle, name, groupId, watchedSince }: SeededProfile): void {
  rows.row(tables.profiles.length).int8(id).text(handle).text(name).int4(groupId).time(watchedSince);
}

function addSchedule(rows: CopyRows, { id, next, state, looks }: SeededProfile): void {
  rows
    .row(tables.schedule.length)
    .int8(id)
    .time(next.at)
    .time(state.deadline)
    .time(state.checkedAt)
    .time(state.lastActivityAt)
    .int8(state.lastPostId)
    .int4(state.profileHash === null ? null : Number(state.profileHash))
    .time(state.accountState === 'ok' ? null : state.stateSince)
    .time(state.suspectedAt)
    .int4(looks)
    .int4(state.postCount)
    .int4(state.likeCount)
    .int4(state.followingCount)
    .float4(state.postsPerDay)
    .word(next.lane)
    .word(state.accountState)
    .word(next.reason)
    .int2(state.failures);
}

function addActivity(rows: CopyRows, { id }: SeededProfile, activity: Activity): void {
  rows
    .row(tables.activities.length)
    .int8(id)
    .time(activity.occurredAt)
    .word(activity.kind)
    .time(activity.windowFrom)
    .int8(activity.postId);
}

function addAlert(rows: CopyRows, { id, rule }: SeededProfile, alert: NewAlert): void {
  rows
    .row(tables.alerts.length)
    .int8(id)
    .word(alert.kind)
    .bool(alert.baseline)
    .time(alert.becameTrueAt)
    .time(alert.confirmedAt)
    .time(alert.silentSince)
    .time(alert.suspectedAt)
    .time(alert.confirmedAt)
    .int4(rule.threshold / 1_000)
    .int4(rule.grace / 1_000);
}
