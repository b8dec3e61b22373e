import type { AccountState } from '@app/policy/status';
import type { Pool } from '../pool.ts';

/** mulberry32: the same numbers in every run. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const [minute, day] = [60, 86_400];

/** Seconds; group 1 is there already. */
const policies = [
  { group: 1, threshold: 7 * day, grace: day },
  { group: 2, threshold: day, grace: 0 },
  { group: 3, threshold: 30 * day, grace: 7 * day },
  { group: 4, threshold: 6 * 3_600, grace: 3_600 },
] as const;

/** What can become of a profile that shows its posts, as the product itself writes it. */
const fates = {
  /** Looked at since; its deadline has not been reached. */
  watched: 60,
  /** Its deadline has passed, and nobody looked. */
  overlooked: 2,
  /** The first of two looks has been taken; the second is due, or overdue. */
  suspected: 3,
  /** Silent when it was first looked at. */
  silentAtOnce: 3,
  /** Silent, told of, and looked at again. */
  silent: 15,
  /** Was told of as silent; then its policy became more patient. */
  forgiven: 2,
  /** Nothing to reckon from. */
  blank: 1,
} as const;
type Fate = keyof typeof fates;

/** Seconds before now; null: never. */
interface Times {
  readonly lastActivity: number | null;
  readonly checked: number | null;
  readonly suspected: number | null;
  readonly deadline: number | null;
}

/** Nothing comes to another status by itself within ten minutes, so that two looks at all of it agree. */
function steady(lastActivity: number, borders: readonly number[]): number {
  const near = borders.find(border => lastActivity < border && lastActivity > border - 10 * minute);
  return near === undefined ? lastActivity : near - 10 * minute;
}

function timesOf(fate: Fate, threshold: number, span: number, next: () => number): Times {
  const some = 10 * minute + Math.round(next() * day);
  const ofWatched = (lastActivity: number, checked: number): Times => {
    return { lastActivity, checked, suspected: null, deadline: lastActivity - span };
  };
  const ago: Record<Fate, () => Times> = {
    watched: () => {
      const idle = next() < 0.3 ? threshold + next() * (span - threshold) : next() * threshold;
      const lastActivity = steady(Math.round(idle), [threshold, span]);
      return ofWatched(lastActivity, Math.min(lastActivity, Math.round(next() * 3_600)));
    },
    overlooked: () => ofWatched(span + some, Math.max(some + minute, Math.round((span + some) * next()))),
    suspected: () => {
      const checked = next() < 0.5 ? 10 : some;
      return { lastActivity: span + checked - 30, checked, suspected: checked, deadline: checked - 30 };
    },
    silentAtOnce: () => {
      const lastActivity = span + some + Math.round(next() * 100 * day);
      return { lastActivity, checked: some, suspected: some, deadline: lastActivity - span };
    },
    silent: () => {
      const lastActivity = span + 2 * some + Math.round(next() * 100 * day);
      return { lastActivity, checked: some, suspected: lastActivity - span, deadline: some - span };
    },
    forgiven: () => {
      const lastActivity = steady(Math.round(span * (0.5 + next() / 2)), [threshold, span]);
      const checked = Math.round(lastActivity * next() * 0.5) + 1;
      return { lastActivity, checked, suspected: lastActivity, deadline: checked - span };
    },
    blank: () => ({ lastActivity: null, checked: some, suspected: null, deadline: null }),
  };
  return ago[fate]();
}

/** Profiles 1 to `profiles`, with all that can become of one in them; a few have policies of their own, or are paused. */
export async function addPopulation(pool: Pool, profiles: number, seed: number): Promise<void> {
  const next = random(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T;
  const weighted = Object.entries(fates).flatMap(([fate, weight]) => Array<Fate>(weight).fill(fate as Fate));
  const gone: AccountState[] = ['unseen', 'suspended', 'protected', 'not_found'];
  await pool.query(
    `INSERT INTO groups (group_id, name, threshold_s, grace_s, freshness_s)
     SELECT *, 604800 FROM unnest($1::integer[], $2::text[], $3::integer[], $4::integer[])
     ON CONFLICT DO NOTHING`,
    [
      policies.map(one => one.group),
      policies.map(one => `group ${one.group}`),
      policies.map(one => one.threshold),
      policies.map(one => one.grace),
    ],
  );
  const rows = Array.from({ length: profiles }, (_, i) => {
    const policy = next() < 0.5 ? policies[0] : pick(policies);
    const ownThreshold = next() < 0.05 ? 2 * day : null;
    const ownGrace = next() < 0.05 ? 2 * day : null;
    const threshold = ownThreshold ?? policy.threshold;
    const span = threshold + (ownGrace ?? policy.grace);
    const state = next() < 0.1 ? pick(gone) : 'ok';
    const seen = timesOf(pick(weighted), threshold, span, next);
    const never = { lastActivity: null, checked: null, suspected: null, deadline: null };
    const times =
      state === 'ok' ? seen : state === 'unseen' ? never : { ...seen, suspected: null, deadline: null };
    const paused = next() < 0.02;
    return {
      id: i + 1,
      handle: handleOf(next, i + 1),
      policy,
      ownThreshold,
      ownGrace,
      state,
      paused,
      ...times,
    };
  });
  await insert(pool, rows);
  await pool.query('VACUUM ANALYZE profiles, schedule, groups');
}

/** Handles of few letters, so that parts of them are shared by many. */
function handleOf(next: () => number, id: number): string {
  const letters = Array.from({ length: 3 }, () => 'abc_XY'[Math.floor(next() * 6)]);
  return `${letters.join('')}${id.toString(36)}`;
}

type Row = Times & {
  readonly id: number;
  readonly handle: string;
  readonly policy: { readonly group: number };
  readonly ownThreshold: number | null;
  readonly ownGrace: number | null;
  readonly state: AccountState;
  readonly paused: boolean;
};

async function insert(pool: Pool, rows: readonly Row[]): Promise<void> {
  const column = (value: (row: Row) => unknown) => rows.map(value);
  await pool.query(
    `INSERT INTO profiles (profile_id, handle, name, group_id, threshold_s, grace_s, paused_at)
     SELECT id, handle, handle, group_id, threshold_s, grace_s, CASE WHEN paused THEN now() END
       FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::integer[], $5::integer[], $6::boolean[])
         AS u (id, handle, group_id, threshold_s, grace_s, paused)`,
    [
      column(row => row.id),
      column(row => row.handle),
      column(row => row.policy.group),
      column(row => row.ownThreshold),
      column(row => row.ownGrace),
      column(row => row.paused),
    ],
  );
  await pool.query(
    `INSERT INTO schedule (profile_id, next_check_at, lane, account_state, last_activity_at, checked_at, suspected_at, deadline_at)
     SELECT id, now() + interval '1 day', 'checks.fresh', state, now() - make_interval(secs => last_activity),
            now() - make_interval(secs => checked), now() - make_interval(secs => suspected), now() - make_interval(secs => deadline)
       FROM unnest($1::bigint[], $2::account_state[], $3::integer[], $4::integer[], $5::integer[], $6::integer[])
         AS u (id, state, last_activity, checked, suspected, deadline)`,
    [
      column(row => row.id),
      column(row => row.state),
      column(row => row.lastActivity),
      column(row => row.checked),
      column(row => row.suspected),
      column(row => row.deadline),
    ],
  );
}
