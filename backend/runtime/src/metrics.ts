import { collectDefaultMetrics, Registry } from 'prom-client';

/** One registry per process; packages add their metrics to the one they are given. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
