import { expect, test } from 'vitest';
import { rest, retryDelay } from './retry-delay.ts';
import { deliveryLimit } from './settings.ts';

test('the delay doubles with each redelivery and ends at five seconds', () => {
  const delays = Array.from({ length: 8 }, (_, redeliveries) => retryDelay(redeliveries, 100));
  expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  expect(retryDelay(10_000, 100)).toBe(5_000);
});

test('a message that always fails rests for 26 s in all, then it is a dead letter', () => {
  const total = Array.from({ length: deliveryLimit }, (_, redeliveries) =>
    retryDelay(redeliveries, 100),
  ).reduce((a, b) => a + b);
  expect(total).toBe(26_300);
});

test('a rest ends at once when it is aborted, also before it begins', async () => {
  const hurry = new AbortController();
  const resting = rest(60_000, hurry.signal);
  hurry.abort();
  await resting;
  await rest(60_000, hurry.signal);
});
