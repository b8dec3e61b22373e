import { batchSize, type Lane, lanes } from '@app/contract/message';
import { type BudgetState, readBudget } from '@app/database/budget-state';
import { type Claim, claimDue, releaseClaims } from '@app/database/claim';
import { claimFilled } from '@app/database/claim-filled';
import type { Pool } from '@app/database/pool';
import type { Broker } from '@app/rabbitmq/broker';
import type { Log } from '@app/runtime/log';
import { type Batch, batchesOf } from './batches.ts';
import type { ProducerMetrics } from './metrics.ts';
import { roomByBudget } from './room.ts';
import type { ProducerSettings } from './settings.ts';

export interface Production {
  readonly pool: Pool;
  readonly broker: Broker;
  readonly settings: ProducerSettings;
  readonly metrics: ProducerMetrics;
  readonly log: Log;
}

/**
 * Claims what is due and publishes it, lane by lane, until nothing is due or the lanes are full. Freshness is shed first: it waits
 * for a pass in which all that deadlines and people need has found room.
 */
export async function produce(production: Production, signal: AbortSignal): Promise<void> {
  const budget = await readBudget(production.pool);
  const room = roomByBudget(budget, production.settings.LANE_MESSAGES);
  const claims = claimsOf(production, budget);
  const produceOne = (lane: Lane) =>
    produceLane(production, { lane, room: room[lane], claim: claims[lane] }, signal);
  const served = await Promise.all(lanes.filter(lane => lane !== 'checks.fresh').map(produceOne));
  if (served.every(Boolean)) await produceOne('checks.fresh');
}

type ClaimRows = (rows: number) => Promise<Claim>;

interface LaneWork {
  readonly lane: Lane;
  /** Messages that the lane may hold. */
  readonly room: number;
  readonly claim: ClaimRows;
}

/** Where a call costs the same however many profiles it holds, no place in a deadline's call is left empty. */
function claimsOf({ pool, settings }: Production, { pricing }: BudgetState): Record<Lane, ClaimRows> {
  const { LEASE_MS: leaseMs } = settings;
  const isFilled = pricing === 'per_request';
  return {
    'checks.deadline': rows =>
      isFilled ? claimFilled(pool, rows, leaseMs) : claimDue(pool, 'checks.deadline', rows, leaseMs),
    'checks.manual': rows => claimDue(pool, 'checks.manual', rows, leaseMs),
    'checks.fresh': rows => claimDue(pool, 'checks.fresh', rows, leaseMs),
  };
}

/** Says whether all that was due has found room. */
async function produceLane(production: Production, work: LaneWork, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const rows = Math.min(await roomIn(production, work), production.settings.CLAIM_ROWS);
    if (rows === 0 || signal.aborted) return false;
    const claim = await work.claim(rows);
    production.metrics.claimed.inc({ lane: work.lane }, claim.claimed.length);
    if (!(await publish(production, work.lane, batchesOf(claim)))) return false;
    if (claim.claimed.length < rows) return true;
  }
}

/** How many checks may be published now, so that no message waits for long. */
async function roomIn({ broker, metrics }: Production, { lane, room }: LaneWork): Promise<number> {
  const depth = await broker.depth(lane);
  metrics.depth.set({ lane }, depth);
  return Math.max(0, room - depth) * batchSize;
}

/** Publishes after the claim is committed. What the broker did not take is given back at once; says whether it took all. */
async function publish(production: Production, lane: Lane, batches: readonly Batch[]): Promise<boolean> {
  const results = await Promise.allSettled(
    batches.map(({ message }) => production.broker.publish(lane, message)),
  );
  const refused = batches.filter((_, i) => results[i]?.status === 'rejected');
  production.metrics.published.inc({ lane }, batches.length - refused.length);
  if (refused.length === 0) return true;
  const reason = results.find(result => result.status === 'rejected')?.reason;
  production.metrics.refused.inc({ lane }, refused.length);
  production.log.warn(
    { lane, messages: refused.length, err: reason },
    'the broker did not take messages; their checks are due again',
  );
  await releaseClaims(
    production.pool,
    refused.flatMap(batch => batch.claimed),
  );
  return false;
}
