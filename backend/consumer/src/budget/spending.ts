import { batchSize, type CheckMessage, type Lane, lanes } from '@app/contract/message';
import { blockCalls, giveBack, isBlocked, type Refused, reserve, unblockCalls } from '@app/database/budget';
import type { Pool } from '@app/database/pool';
import { type Spent, settle } from '@app/database/spend';
import type { Log } from '@app/runtime/log';
import type { LookUp, XApi } from '@app/x-api/client';
import { askX } from '../ask.ts';
import type { Gate } from '../gate.ts';
import type { ConsumerMetrics } from '../metrics.ts';
import type { ConsumerSettings } from '../settings.ts';
import { blockOf, pauseAfter } from '../upstream-pause.ts';
import { headroomOf, type Metered, meter, xNow } from './meter.ts';
import type { Permit } from './permit.ts';
import { Permits } from './permits.ts';
import { isFresh } from './queue.ts';
import { createSettler } from './settler.ts';

/** This consumer's share in the budget of all. */
export interface Spending {
  /** Waits for leave to look up what a message asks for; `expired`: its lease ran out first. */
  leaveFor(message: CheckMessage, lane: Lane): Promise<Metered | 'expired' | 'stopped'>;
  /** K as it is steered; `null` while it is not. */
  freshnessK(): number | null;
  stop(): Promise<void>;
}

export interface SpendingOptions {
  readonly pool: Pool;
  readonly xApi: Pick<XApi, 'lookUpByIds' | 'lookUpByHandles'>;
  readonly gate: Gate;
  readonly settings: ConsumerSettings;
  readonly metrics: ConsumerMetrics;
  readonly log: Log;
}

const freshLanes = lanes.filter(isFresh);

export function createSpending(options: SpendingOptions): Spending {
  const permits = permitsOf(options);
  const onSpent = onSpentOf(options, permits);
  const ask = askX(options.xApi);
  return {
    async leaveFor(message, lane) {
      const users = Math.min(message.checks.length, batchSize);
      const permit = await permits.take(lane, users, Date.parse(message.lease_until));
      if (permit === 'expired') options.metrics.stale.inc(message.checks.length);
      if (typeof permit === 'string') return permit;
      const tookToLoad = (ms: number) => permits.tookToLoad(ms);
      return meter(ask, { permit, tookToLoad, onSpent });
    },
    freshnessK: () => permits.freshnessK,
    stop: () => permits.stop(),
  };
}

function permitsOf({ pool, gate, settings, metrics, log }: SpendingOptions): Permits {
  const kind = (fresh: boolean) => ({ lane_kind: fresh ? 'fresh' : 'urgent' });
  return new Permits({
    limiter: {
      reserve: ask => reserve(pool, ask),
      giveBack: unused => giveBack(pool, unused),
      isBlocked: () => isBlocked(pool),
    },
    tryMs: settings.UPSTREAM_REFUSED_PAUSE_MS,
    retryMs: settings.UPSTREAM_PAUSE_MS,
    retryCapMs: settings.UPSTREAM_PAUSE_CAP_MS,
    onRefused({ refusal }: Refused, fresh, restMs) {
      metrics.permitsRefused.inc({ reason: refusal });
      void gate.rest(restMs, { cause: 'budget', refusal }, fresh ? freshLanes : undefined);
    },
    onUnreachable(error, restMs) {
      metrics.budgetUnreachable.inc();
      log.error({ err: error }, 'the budget cannot be asked, so no call is made');
      void gate.rest(restMs, { cause: 'budget', err: error });
    },
    onForfeit: count => metrics.permitsForfeited.inc(count),
    onTaken(waitedMs, fresh) {
      metrics.permits.inc(kind(fresh));
      metrics.permitWait.observe(kind(fresh), waitedMs / 1_000);
    },
  });
}

/** What X's answer means for the budget: it is settled, and what concerns all consumers is told to all. */
function onSpentOf({ pool, gate, settings, log }: SpendingOptions, permits: Permits) {
  const settler = createSettler((calls, headroom) => settle(pool, calls, headroom));
  /** What was reserved stays counted as spent until the day ends, and this consumer rests anyway: the safe side. */
  const untold = (error: unknown) => log.warn({ err: error }, 'could not tell the budget what X answered');
  let failures = 0;
  return async (lookUp: LookUp, spent: Spent, permit: Permit) => {
    const { upstream } = lookUp;
    failures = upstream.state === 'ok' ? 0 : failures + 1;
    const now = permits.databaseNow() ?? Date.now();
    const restMs = pauseAfter(upstream, Math.max(1, failures), xNow(lookUp, now), settings);
    if (restMs > 0) permits.rest(restMs);
    if (restMs > 0) await gate.rest(restMs, { cause: 'x-api', upstream });
    const block = blockOf(upstream);
    if (block) await blockCalls(pool, block, restMs).catch(untold);
    await settler(spent, headroomOf(lookUp, now)).catch(untold);
    if (permit.trying && upstream.state === 'ok') await end(pool, log).catch(untold);
  };
}

async function end(pool: Pool, log: Log): Promise<void> {
  if (await unblockCalls(pool)) log.info({}, 'X answers again: calls go on');
}
