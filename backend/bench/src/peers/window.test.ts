import { expect, test } from 'vitest';
import { ratesOf, type Sample } from './window.ts';

const sample = (at: number, jobs: number, posts: number, cpuMs: number): Sample => ({
  at,
  workers: { added: 0, jobs, posts, failure: '', cpuMs },
  feeder: { added: 2 * jobs, jobs: 0, posts: 0, failure: '', cpuMs: cpuMs / 10 },
});

test('rates are of what happened between two samples', () => {
  const rates = ratesOf([sample(1_000, 500, 400, 300), sample(3_000, 2_500, 1_400, 1_300)]);
  expect(rates).toEqual({ jobs_per_s: 1_000, posts: 0.5, worker_cpu: 0.5, feeder_cpu: 0.05 });
});

test('where nothing was done, nothing is divided by zero', () => {
  const rates = ratesOf([sample(1_000, 500, 400, 300), sample(2_000, 500, 400, 300)]);
  expect(rates).toEqual({ jobs_per_s: 0, posts: 0, worker_cpu: 0, feeder_cpu: 0 });
});
