import { Counter, Gauge, type Registry } from 'prom-client';

export interface JobMetrics {
  readonly rows: Counter<'kind'>;
  readonly left: Gauge<'kind'>;
  readonly ended: Counter<'kind' | 'state'>;
  readonly failedSteps: Counter<'kind'>;
}

export function createJobMetrics(registry: Registry): JobMetrics {
  const registers = [registry];
  const labelNames = ['kind'] as const;
  const metrics = {
    rows: new Counter({
      name: 'job_rows_total',
      help: 'Rows that the steps of jobs went through',
      labelNames,
      registers,
    }),
    left: new Gauge({
      name: 'job_rows_left',
      help: 'Rows that the job which this producer is at has still to go through; 0 without one',
      labelNames,
      registers,
    }),
    ended: new Counter({
      name: 'jobs_ended_total',
      help: 'Jobs that this producer has ended',
      labelNames: ['kind', 'state'],
      registers,
    }),
    failedSteps: new Counter({
      name: 'job_failed_steps_total',
      help: 'Steps of jobs that failed',
      labelNames,
      registers,
    }),
  };
  // A counter that is absent until its first event cannot be alerted on.
  for (const state of ['done', 'failed']) metrics.ended.inc({ kind: 'replan', state }, 0);
  for (const counter of [metrics.rows, metrics.failedSteps]) counter.inc({ kind: 'replan' }, 0);
  return metrics;
}
