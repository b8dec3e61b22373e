import type { Upstream } from '@app/x-api/upstream';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { consumerSettings } from './settings.ts';
import { blockOf, pauseAfter } from './upstream-pause.ts';

const settings = z.object(consumerSettings).parse({});
const now = 1_000_000;
const quarter = 15 * 60_000;

const cases: [string, Upstream, number, number, boolean][] = [
  ['an answer', { state: 'ok' }, 1, 0, false],
  ['a call that we gave up ourselves', { state: 'aborted' }, 1, 0, false],
  ['429 until a reset', { state: 'rate_limited', resetAt: now + 30_000 }, 1, 30_000, true],
  ['429 until next year', { state: 'rate_limited', resetAt: now + 1e11 }, 1, 16 * 60_000, true],
  ['429 whose reset has passed', { state: 'rate_limited', resetAt: now - 30_000 }, 1, 0, true],
  ['429 without a reset, again', { state: 'rate_limited', resetAt: null }, 3, 4_000, true],
  ['a cap that is used up', { state: 'cap_exceeded', period: 'Monthly', scope: 'Product' }, 1, quarter, true],
  ['no credit', { state: 'out_of_credit' }, 1, quarter, true],
  ['our own spending cap', { state: 'spend_cap' }, 1, quarter, true],
  ['a refused token', { state: 'unauthorized' }, 1, quarter, true],
  ['a refused app', { state: 'forbidden', reason: 'client-not-enrolled' }, 1, quarter, true],
  ['a 503', { state: 'unavailable', status: 503, cause: 'http' }, 1, 1_000, false],
  ['the fifth time-out in a row', { state: 'unavailable', status: null, cause: 'timeout' }, 5, 16_000, false],
  ['the hundredth', { state: 'unavailable', status: null, cause: 'timeout' }, 100, 60_000, false],
  ['a request that X calls invalid', { state: 'invalid_request', detail: '' }, 2, 2_000, false],
  ['a wrong address', { state: 'not_found_path' }, 1, 1_000, false],
];

test.each(cases)('after %s the lanes rest as long as it takes', (_, upstream, failures, expected) => {
  expect(pauseAfter(upstream, failures, now, settings)).toBe(expected);
});

test.each(cases)('%s stops all consumers if it concerns them all', (_, upstream, __, ___, blocks) => {
  expect(blockOf(upstream)).toBe(blocks ? upstream.state : null);
});
