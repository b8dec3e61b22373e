import { lanes } from '@app/contract/message';
import type { Pool } from '@app/database/pool';
import type { Judged } from '@app/database/record';
import { isPassing } from '@app/database/retry';
import type { Pace } from '@app/policy/next-check';
import type { Broker, Handler, Subscription } from '@app/rabbitmq/broker';
import type { Log } from '@app/runtime/log';
import type { LookUp, XApi } from '@app/x-api/client';
import { type Checked, type Checking, checkProfiles, type Observed } from './check-profiles.ts';
import { createGate, type Gate } from './gate.ts';
import type { ConsumerMetrics } from './metrics.ts';
import type { ConsumerSettings } from './settings.ts';
import { pauseAfter } from './upstream-pause.ts';

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
  const gate = createGate(log, resting => metrics.resting.set(resting ? 1 : 0));
  const handler = handlerOf(consumption, gate);
  const subscriptions: Subscription[] = [];
  for (const lane of lanes) {
    const subscription = await broker.consume(lane, { prefetch: settings.CONSUMER_PREFETCH }, handler);
    subscriptions.push(subscription);
    gate.add(subscription);
  }
  return {
    async stop() {
      gate.stop();
      await Promise.all(subscriptions.map(subscription => subscription.stop()));
    },
  };
}

/** A database that cannot be reached is no failure of the message either: the lanes rest, and the message is tried again. */
function handlerOf(consumption: Consumption, gate: Gate): Handler {
  const checking = checkingOf(consumption, gate);
  let failures = 0;
  return async message => {
    try {
      const outcome = await checkProfiles(message, checking);
      failures = 0;
      return outcome;
    } catch (error) {
      if (!isPassing(error)) throw error;
      const { UPSTREAM_PAUSE_MS: base, UPSTREAM_PAUSE_CAP_MS: cap } = consumption.settings;
      await gate.rest(Math.min(cap, base * 2 ** failures++), { err: error, cause: 'database' });
      return 'retry';
    }
  };
}

function checkingOf({ pool, xApi, settings, metrics, log }: Consumption, gate: Gate): Checking {
  let failures = 0;
  const onAnswer = async ({ upstream }: LookUp) => {
    metrics.calls.inc({ upstream: upstream.state });
    failures = upstream.state === 'ok' ? 0 : failures + 1;
    const ms = pauseAfter(upstream, Math.max(1, failures), Date.now(), Math.random(), settings);
    if (ms > 0) await gate.rest(ms, { cause: 'x-api', upstream });
    return gate.resting();
  };
  const onChecked = ({ judged, observed, dropped }: Checked) => {
    count(metrics, judged, observed);
    metrics.stale.inc(dropped);
    announce(log, judged);
  };
  const onRefused = ({ known }: Judged, error: unknown) => {
    metrics.refused.inc();
    log.error(
      { profile_id: known.profileId, err: error },
      'the database refused a result; it is tried again after its lease',
    );
  };
  return { pool, xApi, pace: paceOf(settings), onAnswer, onRefused, onChecked };
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

function count(metrics: ConsumerMetrics, judged: readonly Judged[], observed: readonly Observed[]): void {
  for (const { observation } of observed) {
    metrics.checks.inc({
      observation: observation.kind === 'unknown' ? observation.reason : observation.kind,
    });
  }
  for (const { kind, baseline, confirmedAt, becameTrueAt } of judged.flatMap(one => one.judgment.opened)) {
    metrics.opened.inc({ kind });
    if (kind === 'inactivity' && !baseline) metrics.lateness.observe((confirmedAt - becameTrueAt) / 1_000);
  }
  for (const { kind } of judged.flatMap(one => one.judgment.resolved)) metrics.resolved.inc({ kind });
}

function announce(log: Log, judged: readonly Judged[]): void {
  for (const { known, judgment } of judged) {
    for (const { kind, baseline } of judgment.opened) {
      log.info({ profile_id: known.profileId, kind, baseline }, 'alert opened');
    }
    for (const { kind } of judgment.resolved)
      log.info({ profile_id: known.profileId, kind }, 'alert resolved');
  }
}
