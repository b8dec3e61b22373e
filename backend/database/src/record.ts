import type { Judgment, Known } from '@app/policy/judgment';
import type { Pool } from './pool.ts';
import { recordStatement } from './record-statement.ts';
import { withRetry } from './retry.ts';

export interface Judged {
  readonly known: Known;
  readonly claimVersion: number;
  readonly judgment: Judgment;
}

export interface Recorded {
  /** The profiles whose result was written: those whose claim still held. */
  readonly written: readonly string[];
  /** Of these: whose alerts were not opened, because the source lost its trust since they were loaded. */
  readonly withheld: readonly string[];
  readonly activities: number;
  readonly opened: number;
  readonly resolved: number;
}

/**
 * Writes what a batch of looks decided: state, next check, activities and alerts, in one statement, so that all of it
 * is kept or none. Fenced by the claim version: a result that comes after its lease was claimed anew changes nothing.
 * Repeating it is harmless.
 */
export async function recordJudgments(pool: Pool, judged: readonly Judged[]): Promise<Recorded> {
  const { rows } = await withRetry(() =>
    pool.query<Recorded>({ name: 'record-judgments', text: recordStatement, values: parameters(judged) }),
  );
  return rows[0] as Recorded;
}

function parameters(judged: readonly Judged[]): unknown[] {
  return [
    ...stateColumns(judged),
    ...activityColumns(judged),
    ...openedColumns(judged),
    ...resolvedColumns(judged),
    ...identityColumns(judged),
    judged.map(one => one.judgment.next.reason),
  ];
}

/** `timestamptz` parameters; pg sends a Date as text with its zone. */
function time(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}

/** A count beyond 2^31 does not happen to a person; should X ever send one, it must not cost the batch its result. */
function int4(count: number | null): number | null {
  return count === null ? null : Math.min(count, 2_147_483_647);
}

/** PostgreSQL holds any text but a NUL character. */
function text(value: string | null): string | null {
  return value?.replaceAll('\0', '') ?? null;
}

function stateColumns(judged: readonly Judged[]): unknown[] {
  const column = <T>(value: (one: Judged) => T) => judged.map(value);
  return [
    column(one => one.known.profileId),
    column(one => one.claimVersion),
    column(one => time(one.judgment.next.at)),
    column(one => one.judgment.next.lane),
    column(one => time(one.judgment.state.deadline)),
    column(one => time(one.judgment.state.checkedAt)),
    column(one => time(one.judgment.state.lastActivityAt)),
    column(one => one.judgment.state.lastPostId),
    column(one => time(one.judgment.state.suspectedAt)),
    column(one => one.judgment.state.accountState),
    column(one => time(one.judgment.state.stateSince)),
    column(one => int4(one.judgment.state.postCount)),
    column(one => int4(one.judgment.state.likeCount)),
    column(one => int4(one.judgment.state.followingCount)),
    column(one => one.judgment.state.profileHash),
    column(one => one.judgment.state.postsPerDay),
    column(one => one.judgment.state.failures),
  ];
}

function activityColumns(judged: readonly Judged[]): unknown[] {
  const all = judged.flatMap(one =>
    one.judgment.activities.map(activity => ({ profileId: one.known.profileId, ...activity })),
  );
  return [
    all.map(one => one.profileId),
    all.map(one => time(one.occurredAt)),
    all.map(one => one.kind),
    all.map(one => time(one.windowFrom)),
    all.map(one => one.postId),
  ];
}

function openedColumns(judged: readonly Judged[]): unknown[] {
  const all = judged.flatMap(({ known, judgment }) =>
    judgment.opened.map(alert => ({ profileId: known.profileId, rule: known.rule, ...alert })),
  );
  return [
    all.map(one => one.profileId),
    all.map(one => one.kind),
    all.map(one => one.baseline),
    all.map(one => time(one.becameTrueAt)),
    all.map(one => time(one.silentSince)),
    all.map(one => time(one.suspectedAt)),
    all.map(one => time(one.confirmedAt)),
    all.map(one => one.rule.threshold / 1_000),
    all.map(one => one.rule.grace / 1_000),
    all.map(one => one.formerHandle),
    all.map(one => one.newHandle),
  ];
}

function resolvedColumns(judged: readonly Judged[]): unknown[] {
  const all = judged.flatMap(({ known, judgment }) =>
    judgment.resolved.map(resolution => ({ profileId: known.profileId, ...resolution })),
  );
  return [all.map(one => one.profileId), all.map(one => one.kind), all.map(one => time(one.activityAt))];
}

function identityColumns(judged: readonly Judged[]): unknown[] {
  const all = judged.flatMap(({ known, judgment }) =>
    judgment.identity === null ? [] : [{ profileId: known.profileId, ...judgment.identity }],
  );
  return [all.map(one => one.profileId), all.map(one => one.handle), all.map(one => text(one.name))];
}
