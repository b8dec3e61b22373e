import { batchSize, type Lane, lanes } from '@app/contract/message';
import { type Claim, claimDue, releaseClaims } from '@app/database/claim';
import type { Pool } from '@app/database/pool';
import type { Broker } from '@app/rabbitmq/broker';
import type { Log } from '@app/runtime/log';
import { type Batch, batchesOf } from './batches.ts';
import type { ProducerMetrics } from './metrics.ts';
import type { ProducerSettings } from './settings.ts';

export interface Production {
  readonly pool: Pool;
  readonly broker: Broker;
  readonly settings: ProducerSettings;
  readonly metrics: ProducerMetrics;
  readonly log: Log;
}

/** Claims what is due and publishes it, lane by lane, until nothing is due or the lanes are full. */
export async function produce(production: Production, signal: AbortSignal): Promise<void> {
  await Promise.all(lanes.map(lane => produceLane(production, lane, signal)));
}

async function produceLane(production: Production, lane: Lane, signal: AbortSignal): Promise<void> {
  let more = true;
  while (more && !signal.aborted) {
    const room = await roomIn(production, lane);
    const claim = await claimFor(production, lane, room);
    const published = await publish(production, lane, batchesOf(claim));
    more = published && room > 0 && claim.claimed.length === Math.min(room, production.settings.CLAIM_ROWS);
  }
}

/** How many checks may be published now, so that no message waits for long. */
async function roomIn({ broker, settings, metrics }: Production, lane: Lane): Promise<number> {
  const depth = await broker.depth(lane);
  metrics.depth.set({ lane }, depth);
  return Math.max(0, settings.LANE_MESSAGES - depth) * batchSize;
}

async function claimFor({ pool, settings, metrics }: Production, lane: Lane, room: number): Promise<Claim> {
  if (room === 0) return { claimed: [], leaseUntil: 0 };
  const claim = await claimDue(pool, lane, Math.min(room, settings.CLAIM_ROWS), settings.LEASE_MS);
  metrics.claimed.inc({ lane }, claim.claimed.length);
  return claim;
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
