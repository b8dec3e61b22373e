import { Counter, Gauge, type Registry } from 'prom-client';

export interface GuardMetrics {
  readonly health: Gauge<'health'>;
  readonly held: Gauge;
  readonly lag: Gauge;
  readonly failed: Counter;
}

export function createGuardMetrics(registry: Registry): GuardMetrics {
  const registers = [registry];
  return {
    health: new Gauge({
      name: 'source_health',
      help: 'How far X is trusted: 1 for the health it is in',
      labelNames: ['health'],
      registers,
    }),
    held: new Gauge({ name: 'alerts_held', help: 'Alerts that wait until X is trusted', registers }),
    lag: new Gauge({
      name: 'source_watermark_lag_seconds',
      help: 'How old the newest post is that X has shown of anybody',
      registers,
    }),
    failed: new Counter({
      name: 'source_assessments_failed_total',
      help: 'Assessments of the source that failed',
      registers,
    }),
  };
}
