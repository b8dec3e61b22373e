import { type Lane, lanes } from '@app/contract/message';
import { Counter, Gauge, type Registry } from 'prom-client';
import { createGuardMetrics, type GuardMetrics } from './guard-metrics.ts';
import { createJobMetrics, type JobMetrics } from './job-metrics.ts';
import { createMaintenanceMetrics, type MaintenanceMetrics } from './maintenance-metrics.ts';

export interface ProducerMetrics {
  readonly claimed: Counter<'lane'>;
  readonly published: Counter<'lane'>;
  readonly refused: Counter<'lane'>;
  readonly promoted: Counter;
  readonly failedTicks: Counter;
  readonly depth: Gauge<'lane'>;
  readonly oldest: Gauge<'lane'>;
  readonly freshnessK: Gauge;
  readonly budgetUsed: Gauge;
  readonly guard: GuardMetrics;
  readonly maintenance: MaintenanceMetrics;
  readonly jobs: JobMetrics;
}

export function createProducerMetrics(registry: Registry): ProducerMetrics {
  const registers = [registry];
  const labelNames = ['lane'] as const;
  const metrics = {
    claimed: new Counter({
      name: 'checks_claimed_total',
      help: 'Checks taken by a producer',
      labelNames,
      registers,
    }),
    published: new Counter({
      name: 'messages_published_total',
      help: 'Messages confirmed by the broker',
      labelNames,
      registers,
    }),
    refused: new Counter({
      name: 'messages_refused_total',
      help: 'Messages that the broker did not take',
      labelNames,
      registers,
    }),
    promoted: new Counter({
      name: 'checks_promoted_total',
      help: 'Checks for freshness that found no room before their deadline, and went to the deadlines',
      registers,
    }),
    failedTicks: new Counter({
      name: 'producer_failed_ticks_total',
      help: 'Producer ticks that failed',
      registers,
    }),
    depth: new Gauge({ name: 'lane_messages', help: 'Messages waiting in a lane', labelNames, registers }),
    oldest: new Gauge({
      name: 'lane_oldest_due_seconds',
      help: 'How long the earliest due check of a lane has waited',
      labelNames,
      registers,
    }),
    ...createBudgetMetrics(registers),
    guard: createGuardMetrics(registry),
    maintenance: createMaintenanceMetrics(registry),
    jobs: createJobMetrics(registry),
  };
  for (const lane of lanes) startAtZero(metrics, lane);
  return metrics;
}

function createBudgetMetrics(registers: Registry[]) {
  return {
    freshnessK: new Gauge({
      name: 'freshness_k_seconds',
      help: 'K of the square-root rule: the freshness interval of a profile that posts once a day',
      registers,
    }),
    budgetUsed: new Gauge({
      name: 'budget_used_share',
      help: 'What was used of the calls or the money that might have been, since K was steered last',
      registers,
    }),
  };
}

/** A counter that is absent until its first event cannot be alerted on. */
function startAtZero(metrics: ProducerMetrics, lane: Lane): void {
  for (const counter of [metrics.claimed, metrics.published, metrics.refused]) counter.inc({ lane }, 0);
}
