import { Counter, Gauge, type Registry } from 'prom-client';

export interface MaintenanceMetrics {
  readonly succeeded: Gauge<'step'>;
  readonly duration: Gauge<'step'>;
  readonly failed: Counter<'step'>;
}

export function createMaintenanceMetrics(registry: Registry): MaintenanceMetrics {
  const registers = [registry];
  const labelNames = ['step'] as const;
  return {
    succeeded: new Gauge({
      name: 'maintenance_last_success_timestamp_seconds',
      help: 'When a step of the maintenance succeeded last, in whichever producer',
      labelNames,
      registers,
    }),
    duration: new Gauge({
      name: 'maintenance_busy_seconds',
      help: 'Time at work of the last success of a step, without its rests',
      labelNames,
      registers,
    }),
    failed: new Counter({
      name: 'maintenance_failures_total',
      help: 'Failures of a step of the maintenance in this producer',
      labelNames,
      registers,
    }),
  };
}
