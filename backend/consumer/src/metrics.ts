import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface ConsumerMetrics {
  readonly checks: Counter<'observation'>;
  readonly calls: Counter<'upstream'>;
  readonly opened: Counter<'kind'>;
  readonly resolved: Counter<'kind'>;
  readonly stale: Counter;
  readonly refused: Counter;
  readonly lateness: Histogram;
  readonly resting: Gauge;
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
    calls: new Counter({
      name: 'x_api_calls_total',
      help: 'Calls to X, by how it treated them',
      labelNames: ['upstream'],
      registers,
    }),
    opened: new Counter({
      name: 'alerts_opened_total',
      help: 'Alerts opened',
      labelNames: ['kind'],
      registers,
    }),
    resolved: new Counter({
      name: 'alerts_resolved_total',
      help: 'Alerts resolved',
      labelNames: ['kind'],
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
    lateness: new Histogram({
      name: 'alert_lateness_seconds',
      help: 'From the instant an inactivity alert became true to the look that confirmed it',
      buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 7_200],
      registers,
    }),
    resting: new Gauge({ name: 'lanes_resting', help: '1 while no lane asks X', registers }),
  };
}
