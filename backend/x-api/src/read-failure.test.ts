import { describe, expect, it } from 'vitest';
import { readRate, readResetAt } from './headers.ts';
import { readFailure } from './read-failure.ts';

const now = 1_790_000_000_000;
const headers = {
  'x-rate-limit-limit': '300',
  'x-rate-limit-remaining': '0',
  'x-rate-limit-reset': '1790000900',
};
const resetAt = 1_790_000_900_000;
const X = 'https://api.x.com/2/problems/';
const TWITTER = 'https://api.twitter.com/2/problems/';

describe('a failed request', () => {
  it.each([
    [
      'invalid ids',
      400,
      {
        errors: [
          { parameters: { ids: ['abc'] }, message: 'The `ids` query parameter value [abc] is not valid' },
        ],
        title: 'Invalid Request',
        detail: 'One or more parameters to your request was invalid.',
        type: `${TWITTER}invalid-request`,
      },
      { state: 'invalid_request', detail: 'The `ids` query parameter value [abc] is not valid' },
    ],
    [
      'a 400 in the shape of spec 2.167',
      400,
      { title: 'Invalid Request', detail: 'bad ids', type: `${X}invalid-request` },
      { state: 'invalid_request', detail: 'bad ids' },
    ],
    ['a 400 without a body', 400, undefined, { state: 'invalid_request', detail: '' }],
    ['a URL that is too long', 414, undefined, { state: 'invalid_request', detail: '' }],
    [
      'a wrong token',
      401,
      { title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'Unauthorized' },
      { state: 'unauthorized' },
    ],
    [
      'no credits, first body',
      402,
      { title: 'CreditsDepleted', detail: 'does not have any credits', type: `${TWITTER}credits` },
      { state: 'out_of_credit' },
    ],
    [
      'no credits, second body',
      402,
      { detail: 'credits depleted', status: 402, title: 'Payment Required', type: `${X}credits-depleted` },
      { state: 'out_of_credit' },
    ],
    ['a 402 with an unknown body', 402, undefined, { state: 'out_of_credit' }],
    [
      'an app without a project',
      403,
      {
        client_id: '1',
        title: 'Client Forbidden',
        reason: 'client-not-enrolled',
        type: `${TWITTER}client-forbidden`,
      },
      { state: 'forbidden', reason: 'client-not-enrolled' },
    ],
    [
      'the wrong kind of token',
      403,
      { title: 'Unsupported Authentication', type: `${TWITTER}unsupported-authentication` },
      { state: 'forbidden', reason: 'unsupported-authentication' },
    ],
    [
      'missing OAuth 1 permissions',
      403,
      { title: 'Forbidden', type: `${X}oauth1-permissions` },
      { state: 'forbidden', reason: 'oauth1-permissions' },
    ],
    [
      'a 403 that only has a title',
      403,
      { title: 'Forbidden', type: 'about:blank', status: 403 },
      { state: 'forbidden', reason: 'Forbidden' },
    ],
    ['a 403 without a body', 403, undefined, { state: 'forbidden', reason: 'forbidden' }],
    ['the spend cap by its title', 403, { title: 'SpendCapReached' }, { state: 'spend_cap' }],
    ['the spend cap by its type', 403, { type: `${X}spend-cap-reached` }, { state: 'spend_cap' }],
    ['a wrong path', 404, undefined, { state: 'not_found_path' }],
    [
      'too many requests',
      429,
      { title: 'Too Many Requests', detail: 'Too Many Requests', type: 'about:blank', status: 429 },
      { state: 'rate_limited', resetAt },
    ],
    [
      'too many requests, as documented',
      429,
      { errors: [{ code: 88, message: 'Rate limit exceeded' }] },
      { state: 'rate_limited', resetAt },
    ],
    ['too many requests, as HTML', 429, undefined, { state: 'rate_limited', resetAt }],
    [
      'a monthly cap',
      429,
      {
        account_id: '1',
        product_name: 'standard-basic',
        title: 'UsageCapExceeded',
        period: 'Monthly',
        scope: 'Product',
        detail: 'Usage cap exceeded: Monthly product cap',
        type: `${TWITTER}usage-capped`,
      },
      { state: 'cap_exceeded', period: 'Monthly', scope: 'Product' },
    ],
    [
      'a cap that is only named by its type',
      429,
      { type: `${X}usage-capped` },
      { state: 'cap_exceeded', period: null, scope: null },
    ],
    ['an internal error', 500, undefined, { state: 'unavailable', status: 500, cause: 'http' }],
    ['a bad gateway', 502, undefined, { state: 'unavailable', status: 502, cause: 'http' }],
    [
      'an outage',
      503,
      { title: 'Service Unavailable', detail: 'Service Unavailable', type: 'about:blank', status: 503 },
      { state: 'unavailable', status: 503, cause: 'http' },
    ],
    ['a gateway timeout', 504, undefined, { state: 'unavailable', status: 504, cause: 'http' }],
    ['a request timeout', 408, undefined, { state: 'unavailable', status: 408, cause: 'http' }],
    ['a redirect', 302, undefined, { state: 'unavailable', status: 302, cause: 'http' }],
  ])('%s (%i) is read', (_, status, body, upstream) => {
    expect(readFailure(status, headers, body, now)).toEqual(upstream);
  });

  it.each([null, 7, 'text', [], [1], { title: 5, errors: 'x', type: {} }, { errors: [null] }])(
    'with the odd body %j still has its status',
    body => {
      expect(readFailure(402, {}, body, now)).toEqual({ state: 'out_of_credit' });
      expect(readFailure(429, {}, body, now)).toEqual({ state: 'rate_limited', resetAt: null });
      expect(readFailure(400, {}, body, now).state).toBe('invalid_request');
    },
  );

  it('never carries more than 300 characters of what X echoes', () => {
    const upstream = readFailure(400, {}, { errors: [{ message: '1234567890'.repeat(200) }] }, now);
    expect(upstream.state === 'invalid_request' && upstream.detail.length).toBe(300);
  });
});

describe('rate headers', () => {
  it('are read when all three are there', () => {
    expect(readRate(headers)).toEqual({ limit: 300, remaining: 0, resetAt });
  });

  it.each(['x-rate-limit-limit', 'x-rate-limit-remaining', 'x-rate-limit-reset'])(
    'without %s say nothing, and not "0 left"',
    name => {
      expect(readRate({ ...headers, [name]: undefined })).toBeNull();
      expect(readRate({ ...headers, [name]: 'soon' })).toBeNull();
    },
  );

  it.each([
    [{}, null],
    [{ 'x-rate-limit-reset': '1790000900' }, resetAt],
    [{ 'retry-after': '30' }, now + 30_000],
    [{ 'retry-after': new Date(now + 5000).toUTCString() }, now + 5000],
    [{ 'retry-after': '30', 'x-rate-limit-reset': '1790000900' }, resetAt],
    [{ 'retry-after': '3600', 'x-rate-limit-reset': '1790000900' }, now + 3_600_000],
    [{ 'retry-after': 'later' }, null],
  ])('%j end a 429 at %s', (given, end) => {
    expect(readResetAt(given, now)).toBe(end);
  });
});
