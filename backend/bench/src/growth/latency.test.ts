import { expect, test } from 'vitest';
import { latencyOf, timeEach } from './latency.ts';

test('a quantile is a value that was measured, whatever the order', () => {
  const taken = Array.from({ length: 200 }, (_, i) => ((i * 37) % 200) + 1);
  expect(latencyOf(taken)).toEqual({ p50_ms: 100, p99_ms: 198, samples: 200 });
  expect(latencyOf([7.123456])).toEqual({ p50_ms: 7.12, p99_ms: 7.12, samples: 1 });
});

test('what comes before and after is not timed, and neither is the warm-up', async () => {
  const steps: string[] = [];
  const slow = () => new Promise(resolve => setTimeout(resolve, 300));
  const latency = await timeEach({
    samples: 2,
    warmUp: 1,
    signal: new AbortController().signal,
    prepare: async () => {
      steps.push('prepare');
      await slow();
      return steps.length;
    },
    act: async prepared => void steps.push(`act ${prepared}`),
    restore: slow,
  });
  expect(steps).toEqual(['prepare', 'act 1', 'prepare', 'act 3', 'prepare', 'act 5']);
  expect(latency.samples).toBe(2);
  expect(latency.p99_ms).toBeLessThan(250);
});

test('it ends when it is told to', async () => {
  const stopping = new AbortController();
  const act = async () => stopping.abort();
  const series = { samples: 5, warmUp: 0, signal: stopping.signal, prepare: async () => null, act };
  await expect(timeEach(series)).rejects.toThrow('aborted');
});
