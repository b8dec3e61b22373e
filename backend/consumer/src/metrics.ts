import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface ConsumerMetrics {
  readonly checks: Counter<'observation'>;
  readonly written: Counter;
  readonly due: Histogram<'lane'>;
  readonly inHand: Histogram<'lane'>;
  readonly calls: Counter<'upstream'>;
  readonly opened: Counter<'kind'>;
  readonly resolved: Counter<'kind'>;
  readonly held: Counter;
  readonly stale: Counter;
  readonly refused: Counter;
  readonly lateness: Histogram;
  readonly resting: Gauge;
  readonly permits: Counter<'lane_kind'>;
  readonly permitWait: Histogram<'lane_kind'>;
  readonly permitsRefused: Counter<'reason'>;
  readonly permitsForfeited: Counter;
  readonly budgetUnreachable: Counter;
}

export function createConsumerMetrics(registry: Registry): ConsumerMetrics {
  const registers = [registry];
  return {
    checks: new Counter({
      name: 'checks_total',
      help: 'Looks at profiles, by what was observed',
      labelNames: ['observation'],
      registers,
    }),
    ...flowMetrics(registers),
    calls: new Counter({
      name: 'x_api_calls_total',
      help: 'Calls to X, by how it treated them',
      labelNames: ['upstream'],
      registers,
    }),
    stale: new Counter({
      name: 'checks_dropped_total',
      help: 'Checks dropped because their claim no longer held',
      registers,
    }),
    refused: new Counter({
      name: 'results_refused_total',
      help: 'Results that the database refused',
      registers,
    }),
    resting: new Gauge({ name: 'lanes_resting', help: 'Lanes that do not ask X now', registers }),
    ...alertMetrics(registers),
    ...permitMetrics(registers),
  };
}

function flowMetrics(registers: Registry[]) {
  const labelNames = ['lane'] as const;
  const buckets = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 120, 600, 3_600];
  return {
    written: new Counter({
      name: 'checks_written_total',
      help: 'Checks whose result was written',
      registers,
    }),
    due: new Histogram({
      name: 'check_due_to_written_seconds',
      help: 'From when the earliest check of a message was due until the result was written',
      labelNames,
      buckets,
      registers,
    }),
    inHand: new Histogram({
      name: 'check_claimed_to_written_seconds',
      help: 'From the claim of a message until the result was written',
      labelNames,
      buckets,
      registers,
    }),
  };
}

function alertMetrics(registers: Registry[]) {
  return {
    opened: new Counter({
      name: 'alerts_opened_total',
      help: 'Alerts opened',
      labelNames: ['kind'] as const,
      registers,
    }),
    resolved: new Counter({
      name: 'alerts_resolved_total',
      help: 'Alerts resolved',
      labelNames: ['kind'] as const,
      registers,
    }),
    held: new Counter({
      name: 'alerts_held_total',
      help: 'Looks whose alert was held because X was not trusted',
      registers,
    }),
    lateness: new Histogram({
      name: 'alert_lateness_seconds',
      help: 'From the instant an inactivity alert became true to the look that confirmed it',
      buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 7_200],
      registers,
    }),
  };
}

function permitMetrics(registers: Registry[]) {
  return {
    permits: new Counter({
      name: 'permits_taken_total',
      help: 'Permits of the shared budget used for calls to X, by what they were for',
      labelNames: ['lane_kind'] as const,
      registers,
    }),
    permitWait: new Histogram({
      name: 'permit_wait_seconds',
      help: 'How long a message waited for its permit',
      labelNames: ['lane_kind'] as const,
      buckets: [0.01, 0.1, 0.5, 1, 3, 10, 30, 120],
      registers,
    }),
    permitsRefused: new Counter({
      name: 'permits_refused_total',
      help: 'Times the shared budget gave no permit, by why',
      labelNames: ['reason'] as const,
      registers,
    }),
    permitsForfeited: new Counter({
      name: 'permits_forfeited_total',
      help: 'Permits whose time passed unused',
      registers,
    }),
    budgetUnreachable: new Counter({
      name: 'budget_unreachable_total',
      help: 'Times the shared budget could not be asked: no call was made',
      registers,
    }),
  };
}
