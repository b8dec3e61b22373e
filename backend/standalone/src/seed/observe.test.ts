import { rhythmSource } from '@app/simulator/rhythms';
import { startSimulator } from '@app/simulator/server';
import { createXApi } from '@app/x-api/client';
import { expect, test } from 'vitest';
import { observe } from './observe.ts';

test('a simulated account is observed as the X API client reads the simulator, whatever became of it', async () => {
  const now = Date.UTC(2026, 10, 1);
  const source = rhythmSource({ seed: 1, speed: 1_440 });
  const simulator = await startSimulator({ source, rateLimit: null, clock: () => now });
  const xApi = createXApi({
    baseUrl: simulator.url,
    bearerToken: 'test',
    vocabulary: 'tweet',
    now: () => now,
  });
  const kinds = new Set<string>();
  try {
    for (let from = 1; from < 2_000; from += 100) {
      const ids = Array.from({ length: 100 }, (_, i) => String(from + i));
      const { observations } = await xApi.lookUpByIds(ids);
      expect(ids.map(id => observe(source.account(id, now)))).toEqual(observations);
      for (const one of observations) kinds.add(one.kind === 'seen' ? one.lastPost.kind : one.kind);
    }
  } finally {
    await xApi.close();
    await simulator.close();
  }
  // Posts, none at all, and those of a protected account are not shown.
  expect([...kinds].sort()).toEqual(['at', 'missing', 'none', 'not_found', 'suspended']);
});
