import { type AccountState, patience, type Status } from '@app/policy/status';

/*
 * The ways into ten million profiles. Each is one index, read in its own order from a place on, so that a page costs what it
 * shows and not what there is. A source offers candidates; whether they belong in a list is asked of each (profile-list.ts).
 */

export const sourceNames = [
  'all',
  'group',
  'prefix',
  'inside',
  'paused',
  'deadline',
  'undecided',
  'silent',
  'unseen',
  'suspended',
  'protected',
  'not_found',
] as const;
export type SourceName = (typeof sourceNames)[number];

/** Where to go on: after the row with this key. `at` is what the source sorts by before the id, as text. */
export interface After {
  readonly at: string;
  readonly id: string;
}

/** What the candidates are wanted for. */
export interface Wanted {
  readonly statuses?: readonly Status[] | undefined;
  readonly groupId?: number | undefined;
  /** The beginning of a handle, or a part of it, in lower case. */
  readonly text?: string | undefined;
}

/** Puts a value into a statement and answers its place there. */
export type Place = (value: unknown) => string;

interface Key {
  readonly sql: string;
  readonly using: string;
  readonly text: string;
}

interface Source {
  readonly table: 'profiles' | 'schedule' | 'found';
  /** What it sorts by before the id, by which operator, and how that is written as text. */
  readonly key?: Key;
  where(wanted: Wanted, after: After | null, place: Place): string[];
}

/**
 * The predicate of the index schedule_undecided, word by word: otherwise the planner does not take it. Rows of neither
 * schedule_deadline nor a confirmed silence.
 */
export const undecidedSql = `account_state = 'ok' AND (
    (suspected_at IS NOT NULL AND (suspected_at = checked_at
      OR (checked_at < deadline_at AND deadline_at - checked_at <= interval '1 hour')))
    OR (suspected_at IS NULL AND deadline_at IS NULL))`;

const afterId = (after: After | null, place: Place) =>
  after === null ? [] : [`profile_id > ${place(after.id)}::bigint`];

const byId = (table: Source['table'], condition: string): Source => ({
  table,
  where: (_wanted, after, place) => [condition, ...afterId(after, place)],
});

const byState = (state: Exclude<AccountState, 'ok'>) =>
  byId('schedule', `account_state = '${state}' AND account_state <> 'ok'`);

/** In the order of the ids; the block is the index's own way to say so (migrations/0009). */
const group: Source = {
  table: 'profiles',
  key: { sql: 'id_block(profile_id)', using: '<', text: `''` },
  where: ({ groupId }, after, place) => [
    `group_id = ${place(groupId)}::integer`,
    ...(after === null ? [] : [`id_block(profile_id) >= id_block(${place(after.id)}::bigint)`]),
    ...afterId(after, place),
  ],
};

/** In the order of the handles, byte by byte. `{` follows `z`, the last character that a handle can hold. */
const prefix: Source = {
  table: 'profiles',
  key: { sql: 'lower(handle)', using: '~<~', text: 'lower(p.handle)' },
  where: ({ text = '' }, after, place) => [
    `lower(handle) ~>=~ ${place(after?.at ?? text)}`,
    `lower(handle) ~<~ ${place(`${text}{`)}`,
    ...(after === null
      ? []
      : [`(lower(handle) ~>~ ${place(after.at)} OR profile_id > ${place(after.id)}::bigint)`]),
  ],
};

/** The earliest deadline first: of all that are watched, show their posts and are not suspected of silence. */
const deadline: Source = {
  table: 'schedule',
  key: {
    sql: 'deadline_at',
    using: '<',
    text: '(extract(epoch FROM s.deadline_at) * 1000000)::bigint::text',
  },
  where: (wanted, after, place) => [
    'suspected_at IS NULL AND deadline_at IS NOT NULL',
    ...deadlineRange(wanted, place),
    ...(after === null ? [] : afterDeadline(after, place)),
  ],
};

function afterDeadline(after: After, place: Place): string[] {
  const at = `timestamptz 'epoch' + ${place(after.at)}::bigint * interval '1 microsecond'`;
  return [`deadline_at >= ${at}`, `(deadline_at > ${at} OR profile_id > ${place(after.id)}::bigint)`];
}

/**
 * Between which deadlines the statuses lie. While nobody is suspected, deadline_at is last activity + threshold + grace; so
 * whoever is late has a deadline within the greatest grace in use.
 */
function deadlineRange({ statuses, groupId }: Wanted, place: Place): string[] {
  const asked = (status: Status) => statuses === undefined || statuses.includes(status);
  const given = `now() - make_interval(secs => ${patience / 1000})`;
  const from = asked('unknown') ? [] : [`deadline_at > ${given}`];
  if (asked('active')) return from;
  if (!asked('late')) return [...from, `deadline_at <= ${given}`];
  return [...from, `deadline_at <= now() + make_interval(secs => ${greatestGrace(groupId, place)})`];
}

function greatestGrace(groupId: number | undefined, place: Place): string {
  const ofGroup = groupId === undefined ? '' : `WHERE group_id = ${place(groupId)}::integer`;
  return `greatest((SELECT max(grace_s) FROM groups ${ofGroup}),
      (SELECT max(grace_s) FROM profiles WHERE grace_s IS NOT NULL))`;
}

const sources: Readonly<Record<SourceName, Source>> = {
  all: byId('profiles', 'true'),
  group,
  prefix,
  inside: byId('found', 'true'),
  paused: byId('profiles', 'paused_at IS NOT NULL'),
  deadline,
  undecided: byId('schedule', undecidedSql),
  silent: byId('schedule', 'suspected_at IS NOT NULL'),
  unseen: byState('unseen'),
  suspended: byState('suspended'),
  protected: byState('protected'),
  not_found: byState('not_found'),
};

/** Whether its candidates are profiles, whose handles are at hand. */
export function offersHandles(name: SourceName): boolean {
  return sources[name].table !== 'schedule';
}

/** Candidates with all that is known of them, as p (profiles), g (groups) and s (schedule), in the source's order. */
export interface Candidates {
  /** What stands before SELECT. */
  readonly before: string;
  readonly from: string;
  readonly order: string;
  /** What the source sorts by before the id, as text: the first part of an `After`. */
  readonly at: string;
  /** Their keys alone (at, profile_id), and the order in which the last of them comes first. */
  readonly keys: string;
  readonly backward: string;
}

/**
 * At most `examine` candidates. Every join is LATERAL behind OFFSET 0, which leaves the planner nothing but one index look-up for
 * each candidate as it is asked for, whatever its statistics say: joined freely, it may read all of the schedule into a hash.
 */
export function candidatesOf(
  name: SourceName,
  wanted: Wanted,
  { after, examine }: { readonly after: After | null; readonly examine: number },
  place: Place,
): Candidates {
  const { table, key } = sources[name];
  const alias = table === 'schedule' ? 's' : 'p';
  const where = sources[name].where(wanted, after, place).join(' AND ');
  const rows = `FROM ${table} ${alias} WHERE ${where} ORDER BY ${inOrder(key, key?.sql)} LIMIT ${examine}`;
  const at = key?.text ?? `''`;
  const sortKey = key ? `, ${key.sql} AS sort_key` : '';
  return {
    before: table === 'found' ? foundSql(wanted, place) : '',
    from: `(SELECT *${sortKey} ${rows}) ${alias} ${alias === 's' ? besideSchedule : besideProfiles}`,
    order: inOrder(key, `${alias}.sort_key`, `${alias}.profile_id`),
    at,
    keys: `(SELECT profile_id, ${at} AS at${sortKey} ${rows}) keys`,
    backward: inOrder(key && { using: key.using.replace('<', '>') }, 'sort_key', 'profile_id DESC'),
  };
}

function inOrder(
  key: Pick<Key, 'using'> | undefined,
  sortKey: string | undefined,
  id = 'profile_id',
): string {
  return key ? `${sortKey} USING ${key.using}, ${id}` : id;
}

const groupOf = 'CROSS JOIN LATERAL (SELECT * FROM groups g WHERE g.group_id = p.group_id OFFSET 0) g';
/** What belongs to rows of the schedule, and to rows of profiles. */
export const besideSchedule = `CROSS JOIN LATERAL (SELECT * FROM profiles p WHERE p.profile_id = s.profile_id OFFSET 0) p
      ${groupOf}`;
const besideProfiles = `${groupOf}
      CROSS JOIN LATERAL (SELECT * FROM schedule s WHERE s.profile_id = p.profile_id OFFSET 0) s`;

/** All handles that hold the text, from the trigram index: for texts that few of them hold. */
function foundSql({ text = '' }: Wanted, place: Place): string {
  return `WITH found AS MATERIALIZED (SELECT * FROM profiles WHERE lower(handle) LIKE ${place(insidePattern(text))})`;
}

/** `_` is common in handles and a wildcard in LIKE. */
export function insidePattern(text: string): string {
  return `%${prefixPattern(text)}`;
}

export function prefixPattern(text: string): string {
  return `${text.replace(/[\\%_]/g, '\\$&')}%`;
}
