import type { Upstream } from '@app/x-api/upstream';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { consumerSettings } from './settings.ts';
import { pauseAfter } from './upstream-pause.ts';

const settings = z.object(consumerSettings).parse({});
const now = 1_000_000;
const quarter = 15 * 60_000;

const cases: [string, Upstream, number, number][] = [
  ['an answer', { state: 'ok' }, 1, 0],
  ['a call that we gave up ourselves', { state: 'aborted' }, 1, 0],
  ['429 until a reset', { state: 'rate_limited', resetAt: now + 30_000 }, 1, 30_500],
  ['429 whose reset has passed', { state: 'rate_limited', resetAt: now - 30_000 }, 1, 500],
  ['429 without a reset, again', { state: 'rate_limited', resetAt: null }, 3, 4_000],
  ['a cap that is used up', { state: 'cap_exceeded', period: 'Monthly', scope: 'Product' }, 1, quarter],
  ['no credit', { state: 'out_of_credit' }, 1, quarter],
  ['our own spending cap', { state: 'spend_cap' }, 1, quarter],
  ['a refused token', { state: 'unauthorized' }, 1, quarter],
  ['a refused app', { state: 'forbidden', reason: 'client-not-enrolled' }, 1, quarter],
  ['a 503', { state: 'unavailable', status: 503, cause: 'http' }, 1, 1_000],
  ['the fifth time-out in a row', { state: 'unavailable', status: null, cause: 'timeout' }, 5, 16_000],
  ['the hundredth', { state: 'unavailable', status: null, cause: 'timeout' }, 100, 60_000],
  ['a request that X calls invalid', { state: 'invalid_request', detail: '' }, 2, 2_000],
  ['a wrong address', { state: 'not_found_path' }, 1, 1_000],
];

test.each(cases)('after %s the lanes rest as long as it takes', (_, upstream, failures, expected) => {
  expect(pauseAfter(upstream, failures, now, 0.5, settings)).toBe(expected);
});
