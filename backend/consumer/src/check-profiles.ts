import type { CheckMessage } from '@app/contract/message';
import { keyByUserId } from '@app/database/handles';
import { loadKnown } from '@app/database/known';
import type { Pool } from '@app/database/pool';
import type { Judged } from '@app/database/record';
import { addCounts, type Counts, countsOf, newestPost, noCounts } from '@app/policy/guard-counts';
import { holdBack, type Source } from '@app/policy/guard-hold';
import { judge } from '@app/policy/judge';
import type { Judgment, Known } from '@app/policy/judgment';
import type { Pace } from '@app/policy/next-check';
import type { Observation } from '@app/policy/observation';
import type { Outcome } from '@app/rabbitmq/broker';
import type { LookUp, XApi } from '@app/x-api/client';
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
  readonly xApi: Pick<XApi, 'lookUpByIds' | 'lookUpByHandles'>;
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
}

/** A judgment, and the alerts that were taken from it because X is not trusted. */
export interface Held extends Judged {
  readonly held: Judgment['opened'];
}

/** Messages become rows: load, look up, judge, record; the acknowledgement follows. */
export async function checkProfiles(message: CheckMessage, checking: Checking): Promise<Outcome> {
  const loaded = await load(message, checking);
  const { observed, restMs } = await lookUp(loaded, checking);
  const keyed = await keyHandles(observed, checking);
  const judged = judgeAll(keyed, loaded, restMs, checking);
  const recorded = await record(checking.pool, judged, checking.onRefused);
  const written = judged
    .filter(one => recorded.written.includes(one.known.profileId))
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
  });
  return 'done';
}

interface LoadedBatch {
  readonly now: number;
  readonly source: Source | null;
  readonly known: readonly { readonly known: Known; readonly claimVersion: number }[];
}

/** The rows whose claims still hold. A lease that has run out is dropped unseen: its rows are due again already. */
async function load({ checks, lease_until }: CheckMessage, { pool, source }: Checking): Promise<LoadedBatch> {
  // Taken before X is asked: what another answer shows later proves nothing about this one.
  const newest = source.newest();
  const claimed = checks.map(check => ({
    profileId: check.profile_id,
    claimVersion: check.claim_version,
    handle: check.handle ?? null,
  }));
  const loaded = await loadKnown(pool, claimed);
  const expired = loaded.now >= Date.parse(lease_until);
  return { ...loaded, source: raised(loaded.source, newest), known: expired ? [] : loaded.known };
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
  return written
    .map(one => {
      const observation = observations.get(one.known.profileId) as Observation;
      return countsOf({ ...one, observation, observedAt, onTime: relookMs });
    })
    .reduce(addCounts, noCounts);
}

function isUnresolved(known: Known): boolean {
  return known.profileId.startsWith('-');
}
