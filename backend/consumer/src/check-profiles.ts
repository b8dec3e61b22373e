import type { CheckMessage } from '@app/contract/message';
import { keyByUserId } from '@app/database/handles';
import { type Held as Loaded, loadKnown } from '@app/database/known';
import type { Leaf } from '@app/database/leaves';
import type { Pool } from '@app/database/pool';
import type { Judged } from '@app/database/record-columns';
import { type Counts, countsOf, newestPost, sumOf } from '@app/policy/guard-counts';
import { holdBack, type Source } from '@app/policy/guard-hold';
import { judge } from '@app/policy/judge';
import type { Judgment, Known } from '@app/policy/judgment';
import type { Pace } from '@app/policy/next-check';
import type { Observation } from '@app/policy/observation';
import type { Outcome } from '@app/rabbitmq/broker';
import type { LookUp } from '@app/x-api/client';
import { type Ask, isUnresolved } from './ask.ts';
import { record } from './record.ts';
import type { SourceWatch } from './source-watch.ts';

/** A profile whose claim holds, with what X answered about it. */
export interface Observed {
  readonly known: Known;
  readonly claimVersion: number;
  readonly observation: Observation;
}

export interface Checking {
  readonly pool: Pool;
  readonly ask: Ask;
  readonly pace: Pace;
  readonly source: Pick<SourceWatch, 'newest'>;
  /** How soon, at least, a profile whose alert is held is looked at again. */
  readonly relookMs: number;
  /** Tells how X treated the call; answers for how many milliseconds it must not be asked again. */
  readonly onAnswer: (lookUp: LookUp) => Promise<number>;
  /** A result that the database refuses: our bug, or an answer of X that nobody thought of. */
  readonly onRefused: (judged: Judged, error: unknown) => void;
  readonly onChecked: (checked: Checked) => void;
}

export interface Checked {
  /** What was written. */
  readonly judged: readonly Held[];
  readonly observed: readonly Observed[];
  /** What the batch says of X itself. */
  readonly counts: Counts;
  /** The newest post that it showed. */
  readonly newestPost: number | null;
  /** Checks whose claim no longer held. */
  readonly dropped: number;
  /** By the database's clock; when the message was claimed and its earliest check was due, if it says so. */
  readonly writtenAt: number;
  readonly claimedAt: number | null;
  readonly dueAt: number | null;
}

/** A judgment, and the alerts that were taken from it because X is not trusted. */
export interface Held extends Judged {
  readonly held: Judgment['opened'];
}

/** Messages become rows: load, look up, judge, record; the acknowledgement follows. */
export async function checkProfiles(message: CheckMessage, checking: Checking): Promise<Outcome> {
  const loaded = await load(message, checking);
  const loadedAt = performance.now();
  const { observed, restMs } = await lookUp(loaded, checking);
  const keyed = await keyHandles(observed, checking);
  const judged = judgeAll(keyed, loaded, restMs, checking);
  const recorded = await record(checking.pool, judged, leafOf(message), checking.onRefused);
  const kept = new Set(recorded.written);
  const written = judged
    .filter(one => kept.has(one.known.profileId))
    .map(one => (recorded.withheld.includes(one.known.profileId) ? withhold(one) : one));
  checking.onChecked({
    judged: written,
    observed: keyed,
    counts: countAll(written, keyed, loaded.now, checking),
    newestPost: newestPost(
      keyed.map(one => one.observation),
      loaded.now,
    ),
    dropped: message.checks.length - keyed.length,
    writtenAt: loaded.now + performance.now() - loadedAt,
    claimedAt: timeOf(message.claimed_at),
    dueAt: timeOf(message.due_at),
  });
  return 'done';
}

interface LoadedBatch {
  readonly now: number;
  readonly source: Source | null;
  readonly known: readonly Loaded[];
}

/** The rows whose claims still hold. A lease that has run out is dropped unseen: its rows are due again already. */
async function load(message: CheckMessage, { pool, source }: Checking): Promise<LoadedBatch> {
  // Taken before X is asked: what another answer shows later proves nothing about this one.
  const newest = source.newest();
  const claimed = message.checks.map(check => ({
    profileId: check.profile_id,
    claimVersion: check.claim_version,
  }));
  const loaded = await loadKnown(pool, claimed, leafOf(message));
  const expired = loaded.now >= Date.parse(message.lease_until);
  return { ...loaded, source: raised(loaded.source, newest), known: expired ? [] : loaded.known };
}

/** One call to X for the whole batch. */
async function lookUp(
  { known }: LoadedBatch,
  { ask, onAnswer }: Checking,
): Promise<{ observed: Observed[]; restMs: number }> {
  if (known.length === 0) return { observed: [], restMs: 0 };
  const answer = await ask(known.map(({ known, groupId }) => ({ ...known, groupId })));
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

function judgeAll(
  observed: readonly Observed[],
  { now, source }: LoadedBatch,
  restMs: number,
  { pace, relookMs }: Checking,
): Held[] {
  const observations = observed.map(one => one.observation);
  const trusted = raised(source, newestPost(observations, now));
  const relook = { observedAt: now, least: relookMs, most: 15 * relookMs };
  return observed.map(({ known, claimVersion, observation }) => {
    const look = { observedAt: now, pace, random: Math.random(), notBefore: now + restMs };
    const judgment = judge(known, observation, look);
    const heldBack = trusted ? holdBack(judgment, trusted, relook) : { judgment, held: [] };
    return { known, claimVersion, ...heldBack };
  });
}

/** The source with its watermark raised to a newer post. */
function raised(source: Source | null, newest: number | null): Source | null {
  if (source === null || newest === null) return source;
  return { ...source, watermark: Math.max(source.watermark ?? newest, newest) };
}

/** What the database did not open, because X lost its trust since the load. */
function withhold(one: Held): Held {
  return {
    ...one,
    judgment: { ...one.judgment, opened: [] },
    held: [...one.held, ...one.judgment.opened],
  };
}

function countAll(
  written: readonly Held[],
  observed: readonly Observed[],
  observedAt: number,
  { relookMs }: Checking,
): Counts {
  const observations = new Map(observed.map(one => [one.known.profileId, one.observation]));
  return sumOf(
    written.map(one => {
      const observation = observations.get(one.known.profileId) as Observation;
      return countsOf({ ...one, observation, observedAt, onTime: relookMs });
    }),
  );
}

function timeOf(text: string | undefined): number | null {
  return text === undefined ? null : Date.parse(text);
}

function leafOf({ leaf }: CheckMessage): Leaf {
  return leaf ?? null;
}
