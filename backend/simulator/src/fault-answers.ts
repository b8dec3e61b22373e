import type { Faults, WholeFault } from './faults.ts';
import { type Answer, blank, html, invalid, json, problem } from './problems.ts';

const TWITTER = 'https://api.twitter.com/2/problems';
const X = 'https://api.x.com/2/problems';

/** Shapes as measured or documented for the real API; X mixes both hosts, whatever was asked. */
const ANSWERS: Readonly<Record<WholeFault, () => Answer>> = {
  rate_limited: () => blank(429, 'Too Many Requests'),
  rate_limited_code88: () => json(429, { errors: [{ code: 88, message: 'Rate limit exceeded' }] }),
  usage_cap: () =>
    problem(429, {
      account_id: '1',
      product_name: 'standard-basic',
      title: 'UsageCapExceeded',
      period: 'Monthly',
      scope: 'Product',
      detail: 'Usage cap exceeded: Monthly product cap',
      type: `${TWITTER}/usage-capped`,
    }),
  credits: () =>
    problem(402, {
      title: 'CreditsDepleted',
      detail: 'Your enrolled account [1] does not have any credits to fulfill this request.',
      type: `${TWITTER}/credits`,
    }),
  credits_new: () =>
    problem(402, {
      detail: 'credits depleted',
      status: 402,
      title: 'Payment Required',
      type: `${X}/credits-depleted`,
    }),
  unauthorized: () => blank(401, 'Unauthorized'),
  client_forbidden: () =>
    problem(403, {
      client_id: '1',
      detail:
        'When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from a Twitter developer App that is attached to a Project.',
      registration_url: 'https://developer.twitter.com/en/docs/projects/overview',
      title: 'Client Forbidden',
      required_enrollment: 'Appropriate Level of API Access',
      reason: 'client-not-enrolled',
      type: `${TWITTER}/client-forbidden`,
    }),
  unsupported_authentication: () =>
    problem(403, {
      title: 'Unsupported Authentication',
      detail: 'Authenticating with this kind of token is forbidden for this endpoint.',
      type: `${TWITTER}/unsupported-authentication`,
    }),
  spend_cap: () =>
    problem(403, {
      title: 'SpendCapReached',
      detail: 'Spend cap reached for the billing cycle.',
      type: `${X}/spend-cap-reached`,
    }),
  invalid_request: () =>
    invalid('tweet', 'ids', ['abc'], 'The `ids` query parameter value [abc] is not valid'),
  not_found: () => blank(404, 'Not Found'),
  server_error: () => blank(500, 'Internal Server Error'),
  bad_gateway: () => html(502, 'Bad Gateway'),
  unavailable: () => blank(503, 'Service Unavailable'),
  gateway_timeout: () => blank(504, 'Gateway Timeout'),
  html_200: () => html(200, 'Something went wrong'),
  empty_body: () => ({ ...json(200, {}), body: '' }),
};

export const faultAnswer = (kind: WholeFault): Answer => ANSWERS[kind]();

/** A simulated 429 says when it ends, and that nothing is left; a cap comes with plenty left, as was measured. */
export const faultHeaders = (
  kind: WholeFault,
  faults: Faults,
  now: number,
): Readonly<Record<string, string>> => {
  if (kind === 'usage_cap') return { 'x-rate-limit-limit': '40000', 'x-rate-limit-remaining': '39999' };
  if (kind !== 'rate_limited' && kind !== 'rate_limited_code88') return {};
  const reset = Math.ceil(now / 1000 + faults.resetSeconds);
  return { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': String(reset) };
};
