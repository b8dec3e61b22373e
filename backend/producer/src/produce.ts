import { batchSize, type Lane, lanes } from '@app/contract/message';
import { type BudgetState, readBudget } from '@app/database/budget-state';
import { type Claim, claimDue, releaseClaims } from '@app/database/claim';
import { claimFilled } from '@app/database/claim-filled';
import { createLowWater, type LowWater } from '@app/database/low-water';
import type { Pool } from '@app/database/pool';
import type { Broker } from '@app/rabbitmq/broker';
import type { Log } from '@app/runtime/log';
import { type Batch, batchesOf } from './batches.ts';
import { createFlow, type Flow } from './flow.ts';
import type { ProducerMetrics } from './metrics.ts';
import { roomByBudget, roomByFlow } from './room.ts';
import type { ProducerSettings } from './settings.ts';
import { createStarvation } from './starvation.ts';

export interface Production {
  readonly pool: Pool;
  /** For the claims: a pool that plans once (database/src/pool.ts). */
  readonly claims: Pool;
  readonly broker: Broker;
  readonly settings: ProducerSettings;
  readonly metrics: ProducerMetrics;
  readonly log: Log;
}

/** What a producer remembers of a lane between two passes. Nothing is lost with it. */
interface Remembered {
  readonly flow: Flow;
  readonly lowWater: LowWater;
}

/**
 * A pass claims what is due and publishes it, lane by lane, until nothing is due or the lanes are full. Freshness is shed first: it
 * waits for a pass in which all that deadlines and people need has found room; but not beyond the profile's deadline.
 */
export function createPasses(production: Production): Passes {
  const promote = createStarvation(production.claims, production.settings.CONFIRM_DELAY_MS);
  const remembered = new Map<Lane, Remembered>(
    lanes.map(lane => [lane, { flow: createFlow(), lowWater: createLowWater(production.settings.LEASE_MS) }]),
  );
  return {
    async pass(signal) {
      const budget = await readBudget(production.pool);
      const works = worksOf(production, budget, remembered);
      const urgent = works.filter(({ lane }) => lane !== 'checks.fresh');
      const served = await Promise.all(urgent.map(work => produceLane(production, work, signal)));
      const fresh = works.find(({ lane }) => lane === 'checks.fresh');
      const isFed = fresh && served.every(Boolean) && (await produceLane(production, fresh, signal));
      if (!isFed) production.metrics.promoted.inc(await promote());
    },
    markOf: lane => remembered.get(lane)?.lowWater.mark() ?? Number.NEGATIVE_INFINITY,
  };
}

export interface Passes {
  pass(signal: AbortSignal): Promise<void>;
  /** Before this due time (milliseconds by the database's clock) nothing of the lane waits. */
  markOf(lane: Lane): number;
}

interface LaneWork extends Remembered {
  readonly lane: Lane;
  /** Messages that the lane may hold. */
  readonly room: number;
  readonly claim: (rows: number, floor: number) => Promise<Claim>;
}

function worksOf(
  { claims, settings }: Production,
  budget: BudgetState,
  remembered: ReadonlyMap<Lane, Remembered>,
): LaneWork[] {
  const { LEASE_MS: leaseMs, LANE_MESSAGES: laneMessages } = settings;
  const all = [...remembered];
  const speeds = new Map(all.map(([lane, { flow }]) => [lane, flow.perSecond()]));
  const room = roomByBudget(budget, lane => roomByFlow(speeds.get(lane) ?? 0, laneMessages));
  // Where a call costs the same however many profiles it holds, no place in a deadline's call is left empty.
  const isFilled = (lane: Lane) => lane === 'checks.deadline' && budget.pricing === 'per_request';
  return all.map(([lane, memory]) => ({
    ...memory,
    lane,
    room: room[lane],
    claim: (rows, floor) =>
      isFilled(lane)
        ? claimFilled(claims, rows, leaseMs, floor)
        : claimDue(claims, lane, rows, leaseMs, floor),
  }));
}

/** Says whether all that was due has found room. */
async function produceLane(production: Production, work: LaneWork, signal: AbortSignal): Promise<boolean> {
  const { CLAIM_ROWS: most } = production.settings;
  for (let claims = 0; ; claims++) {
    const rows = Math.min(await roomIn(production, work), most);
    // The little room that was made while a pass published waits for the next: small claims cost the most per row.
    if (rows === 0 || (claims > 0 && rows < most) || signal.aborted) return false;
    const claim = await work.claim(rows, work.lowWater.floor());
    work.lowWater.claimed(claim);
    production.metrics.claimed.inc({ lane: work.lane }, claim.claimed.length);
    if (!(await publish(production, work, batchesOf(claim)))) return false;
    if (claim.claimed.length < rows) return true;
  }
}

/** How many checks may be published now, so that no message waits for long. */
async function roomIn({ broker, metrics }: Production, { lane, room, flow }: LaneWork): Promise<number> {
  const depth = await broker.depth(lane);
  flow.depth(depth);
  metrics.depth.set({ lane }, depth);
  return Math.max(0, room - depth) * batchSize;
}

/** Publishes after the claim is committed. What the broker did not take is given back at once; says whether it took all. */
async function publish(
  production: Production,
  { lane, flow }: LaneWork,
  batches: readonly Batch[],
): Promise<boolean> {
  const results = await Promise.allSettled(
    batches.map(({ message }) => production.broker.publish(lane, message)),
  );
  const refused = batches.filter((_, i) => results[i]?.status === 'rejected');
  flow.published(batches.length - refused.length);
  production.metrics.published.inc({ lane }, batches.length - refused.length);
  if (refused.length === 0) return true;
  const reason = results.find(result => result.status === 'rejected')?.reason;
  production.metrics.refused.inc({ lane }, refused.length);
  production.log.warn(
    { lane, messages: refused.length, err: reason },
    'the broker did not take messages; their checks are due again',
  );
  await releaseClaims(
    production.claims,
    refused.flatMap(batch => batch.claimed),
  );
  return false;
}
