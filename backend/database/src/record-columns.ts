import type { Judgment, Known } from '@app/policy/judgment';
import { float4s, int4s, int8s, times, words } from './binary.ts';

export interface Judged {
  readonly known: Known;
  readonly claimVersion: number;
  readonly judgment: Judgment;
}

/** `timestamptz` parameters; pg sends a Date as text with its zone. */
function time(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}

/** A count beyond 2^31 does not happen to a person; should X ever send one, it must not cost the batch its result. */
function int4(count: number | null): number | null {
  return count === null ? null : Math.min(count, 2_147_483_647);
}

/** x-api gives the hash as a decimal text, like all that is only compared. */
function hashOf(text: string | null): number | null {
  return text === null ? null : Number(text);
}

/** PostgreSQL holds any text but a NUL character. */
function text(value: string | null): string | null {
  return value?.replaceAll('\0', '') ?? null;
}

/** What every look leaves behind: $1 to $18 of both statements. */
export function stateColumns(judged: readonly Judged[]): unknown[] {
  const column = <T>(value: (one: Judged) => T) => judged.map(value);
  return [
    int8s(column(one => one.known.profileId)),
    int4s(column(one => one.claimVersion)),
    times(column(one => one.judgment.next.at)),
    words(column(one => one.judgment.next.lane)),
    times(column(one => one.judgment.state.deadline)),
    times(column(one => one.judgment.state.checkedAt)),
    times(column(one => one.judgment.state.lastActivityAt)),
    int8s(column(one => one.judgment.state.lastPostId)),
    times(column(one => one.judgment.state.suspectedAt)),
    words(column(one => one.judgment.state.accountState)),
    times(column(({ judgment: { state } }) => (state.accountState === 'ok' ? null : state.stateSince))),
    int4s(column(one => int4(one.judgment.state.postCount))),
    int4s(column(one => int4(one.judgment.state.likeCount))),
    int4s(column(one => int4(one.judgment.state.followingCount))),
    int4s(column(one => hashOf(one.judgment.state.profileHash))),
    float4s(column(one => one.judgment.state.postsPerDay)),
    int4s(column(one => one.judgment.state.failures)),
    words(column(one => one.judgment.next.reason)),
  ];
}

/** $19 to $23 */
export function activityColumns(judged: readonly Judged[]): unknown[] {
  const all = judged.flatMap(one =>
    one.judgment.activities.map(activity => ({ profileId: one.known.profileId, ...activity })),
  );
  return [
    int8s(all.map(one => one.profileId)),
    times(all.map(one => one.occurredAt)),
    words(all.map(one => one.kind)),
    times(all.map(one => one.windowFrom)),
    int8s(all.map(one => one.postId)),
  ];
}

/** $24 to $34 */
export function openedColumns(judged: readonly Judged[]): unknown[] {
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

/** $35 to $37 */
export function resolvedColumns(judged: readonly Judged[]): unknown[] {
  const all = judged.flatMap(({ known, judgment }) =>
    judgment.resolved.map(resolution => ({ profileId: known.profileId, ...resolution })),
  );
  return [all.map(one => one.profileId), all.map(one => one.kind), all.map(one => time(one.activityAt))];
}

/** $38 to $40 */
export function identityColumns(judged: readonly Judged[]): unknown[] {
  const all = judged.flatMap(({ known, judgment }) =>
    judgment.identity === null ? [] : [{ profileId: known.profileId, ...judgment.identity }],
  );
  return [all.map(one => one.profileId), all.map(one => one.handle), all.map(one => text(one.name))];
}
