import { type CheckMessage, type Lane, lanes } from '@app/contract/message';
import { changeBudget } from '@app/database/budget-settings';
import type { Pool } from '@app/database/pool';
import type { Judged } from '@app/database/record-columns';
import { isPassing } from '@app/database/retry';
import type { Pace } from '@app/policy/next-check';
import type { Broker, Handler, Outcome, Subscription } from '@app/rabbitmq/broker';
import type { Log } from '@app/runtime/log';
import type { LookUp, XApi } from '@app/x-api/client';
import { createSpending, type Spending } from './budget/spending.ts';
import { type Checked, type Checking, checkProfiles } from './check-profiles.ts';
import { createGate, type Gate } from './gate.ts';
import type { ConsumerMetrics } from './metrics.ts';
import { announce, count } from './report.ts';
import { budgetChangeOf, type ConsumerSettings } from './settings.ts';
import { type SourceWatch, watchSource } from './source-watch.ts';

export interface Consumption {
  readonly pool: Pool;
  readonly broker: Broker;
  readonly xApi: XApi;
  readonly settings: ConsumerSettings;
  readonly metrics: ConsumerMetrics;
  readonly log: Log;
}

export interface Consumer {
  /** Takes no further message and waits until every one in hand is written and acknowledged. */
  stop(): Promise<void>;
}

/** Consumes every lane: messages become rows. */
export async function startConsumer(consumption: Consumption): Promise<Consumer> {
  const { broker, settings, metrics, log } = consumption;
  await changeBudget(consumption.pool, budgetChangeOf(settings));
  const gate = createGate(log, resting => metrics.resting.set(resting));
  const source = watchSource(consumption.pool, settings.GUARD_FLUSH_MS, log);
  const spending = createSpending({ ...consumption, gate });
  const handler = handlerOf(consumption, { gate, source, spending });
  const subscriptions: Subscription[] = [];
  for (const lane of lanes) {
    const subscription = await broker.consume(lane, { prefetch: settings.CONSUMER_PREFETCH }, handler(lane));
    subscriptions.push(subscription);
    gate.add(lane, subscription);
  }
  return {
    async stop() {
      gate.stop();
      const stopped = Promise.all(subscriptions.map(subscription => subscription.stop()));
      await spending.stop();
      await stopped;
      await source.stop();
    },
  };
}

interface Hands {
  readonly gate: Gate;
  readonly source: SourceWatch;
  readonly spending: Spending;
}

/** A database that cannot be reached is no failure of the message either: the lanes rest, and the message is tried again. */
function handlerOf(consumption: Consumption, hands: Hands): (lane: Lane) => Handler {
  const checking = checkingOf(consumption, hands);
  let failures = 0;
  return lane => async message => {
    try {
      const outcome = await checkWithLeave(message, lane, hands.spending, checking);
      failures = 0;
      return outcome;
    } catch (error) {
      if (!isPassing(error)) throw error;
      const { UPSTREAM_PAUSE_MS: base, UPSTREAM_PAUSE_CAP_MS: cap } = consumption.settings;
      await hands.gate.rest(Math.min(cap, base * 2 ** failures++), { err: error, cause: 'database' });
      return 'retry';
    }
  };
}

/**
 * Leave to call comes before the rows are loaded, so that evidence is as old as the call and not as the wait. A message whose lease
 * ran out while it waited is done with: its rows are due again.
 */
async function checkWithLeave(
  message: CheckMessage,
  lane: Lane,
  spending: Spending,
  checking: (lane: Lane) => Omit<Checking, 'ask'>,
): Promise<Outcome> {
  const leave = await spending.leaveFor(message, lane);
  if (leave === 'stopped') return 'retry';
  if (leave === 'expired') return 'done';
  try {
    return await checkProfiles(message, { ...checking(lane), ask: leave.ask });
  } finally {
    leave.end();
  }
}

function checkingOf(
  consumption: Consumption,
  { gate, source, spending }: Hands,
): (lane: Lane) => Omit<Checking, 'ask'> {
  const { pool, settings, metrics, log } = consumption;
  const onAnswer = async (lookUp: LookUp) => {
    source.answered(lookUp);
    metrics.calls.inc({ upstream: lookUp.upstream.state });
    return gate.resting();
  };
  const onChecked = (lane: Lane) => (checked: Checked) => {
    source.checked(checked.counts, checked.newestPost);
    count(metrics, lane, checked);
    announce(log, checked.judged);
  };
  const onRefused = ({ known }: Judged, error: unknown) => {
    metrics.refused.inc();
    log.error(
      { profile_id: known.profileId, err: error },
      'the database refused a result; it is tried again after its lease',
    );
  };
  const relookMs = settings.GUARD_RELOOK_MS;
  const pace = () => ({ ...paceOf(settings), freshnessK: spending.freshnessK() ?? settings.FRESHNESS_K_MS });
  return lane => ({ pool, pace: pace(), source, relookMs, onAnswer, onRefused, onChecked: onChecked(lane) });
}

export function paceOf(settings: ConsumerSettings): Pace {
  return {
    confirmDelay: settings.CONFIRM_DELAY_MS,
    freshnessK: settings.FRESHNESS_K_MS,
    freshnessFloor: settings.FRESHNESS_FLOOR_MS,
    retryBase: settings.RETRY_BASE_MS,
    retryCap: settings.RETRY_CAP_MS,
  };
}
