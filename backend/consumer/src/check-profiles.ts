import type { CheckMessage } from '@app/contract/message';
import { keyByUserId } from '@app/database/handles';
import { loadKnown } from '@app/database/known';
import type { Pool } from '@app/database/pool';
import type { Judged } from '@app/database/record';
import { judge } from '@app/policy/judge';
import type { Known } from '@app/policy/judgment';
import type { Pace } from '@app/policy/next-check';
import type { Observation } from '@app/policy/observation';
import type { Outcome } from '@app/rabbitmq/broker';
import type { LookUp, XApi } from '@app/x-api/client';
import { record } from './record.ts';

/** A profile whose claim holds, with what X answered about it. */
export interface Observed {
  readonly known: Known;
  readonly claimVersion: number;
  readonly observation: Observation;
}

export interface Checking {
  readonly pool: Pool;
  readonly xApi: Pick<XApi, 'lookUpByIds' | 'lookUpByHandles'>;
  readonly pace: Pace;
  /** Tells how X treated the call; answers for how many milliseconds it must not be asked again. */
  readonly onAnswer: (lookUp: LookUp) => Promise<number>;
  /** A result that the database refuses: our bug, or an answer of X that nobody thought of. */
  readonly onRefused: (judged: Judged, error: unknown) => void;
  readonly onChecked: (checked: Checked) => void;
}

export interface Checked {
  /** What was written. */
  readonly judged: readonly Judged[];
  readonly observed: readonly Observed[];
  /** Checks whose claim no longer held. */
  readonly dropped: number;
}

/** Messages become rows: load, look up, judge, record; the acknowledgement follows. */
export async function checkProfiles(message: CheckMessage, checking: Checking): Promise<Outcome> {
  const loaded = await load(message, checking);
  const { observed, restMs } = await lookUp(loaded, checking);
  const keyed = await keyHandles(observed, checking);
  const judged = judgeAll(keyed, loaded.now, restMs, checking);
  const written = await record(checking.pool, judged, checking.onRefused);
  checking.onChecked({
    judged: judged.filter(one => written.includes(one.known.profileId)),
    observed: keyed,
    dropped: message.checks.length - keyed.length,
  });
  return 'done';
}

interface LoadedBatch {
  readonly now: number;
  readonly known: readonly { readonly known: Known; readonly claimVersion: number }[];
}

/** The rows whose claims still hold. A lease that has run out is dropped unseen: its rows are due again already. */
async function load({ checks, lease_until }: CheckMessage, { pool }: Checking): Promise<LoadedBatch> {
  const claimed = checks.map(check => ({
    profileId: check.profile_id,
    claimVersion: check.claim_version,
    handle: check.handle ?? null,
  }));
  const loaded = await loadKnown(pool, claimed);
  const expired = loaded.now >= Date.parse(lease_until);
  return expired ? { now: loaded.now, known: [] } : loaded;
}

/** One call to X for the whole batch: by handle while the id is not known, by id ever after. */
async function lookUp(
  { known }: LoadedBatch,
  { xApi, onAnswer }: Checking,
): Promise<{ observed: Observed[]; restMs: number }> {
  if (known.length === 0) return { observed: [], restMs: 0 };
  const byHandle = known.every(one => isUnresolved(one.known));
  const answer = byHandle
    ? await xApi.lookUpByHandles(known.map(one => one.known.handle ?? ''))
    : await xApi.lookUpByIds(known.map(one => one.known.profileId));
  const restMs = await onAnswer(answer);
  const observed = known.map((one, i) => ({ ...one, observation: answer.observations[i] as Observation }));
  return { observed, restMs };
}

/** Handles whose id X has named become profiles of that id; those that became one with a watched profile drop out. */
async function keyHandles(observed: readonly Observed[], { pool }: Checking): Promise<Observed[]> {
  const named = observed.flatMap(({ known, claimVersion, observation }) =>
    isUnresolved(known) && observation.kind === 'seen'
      ? [{ profileId: known.profileId, claimVersion, userId: observation.id, handle: observation.handle }]
      : [],
  );
  const keyed = new Map((await keyByUserId(pool, named)).map(one => [one.profileId, one.userId]));
  const lost = new Set(named.map(one => one.profileId).filter(id => !keyed.has(id)));
  return observed
    .filter(one => !lost.has(one.known.profileId))
    .map(one => ({
      ...one,
      known: { ...one.known, profileId: keyed.get(one.known.profileId) ?? one.known.profileId },
    }));
}

function judgeAll(observed: readonly Observed[], now: number, restMs: number, { pace }: Checking): Judged[] {
  return observed.map(({ known, claimVersion, observation }) => {
    const look = { observedAt: now, pace, random: Math.random(), notBefore: now + restMs };
    return { known, claimVersion, judgment: judge(known, observation, look) };
  });
}

function isUnresolved(known: Known): boolean {
  return known.profileId.startsWith('-');
}
