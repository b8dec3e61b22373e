import type { Milliseconds } from '@app/policy/observation';
import { z } from 'zod';
import { type Headers, readResetAt } from './headers.ts';
import type { Upstream } from './upstream.ts';

const LONGEST_DETAIL = 300;

const word = z.string().optional().catch(undefined);

/** The members of a whole-request error that carry meaning; X sends any subset, so none may be required. */
const failureBody = z
  .object({
    title: word,
    type: word,
    detail: word,
    reason: word,
    period: word,
    scope: word,
    errors: z
      .array(z.object({ message: word }).catch({ message: undefined }))
      .optional()
      .catch(undefined),
  })
  .catch({ errors: undefined });

type FailureBody = z.infer<typeof failureBody>;

/** Problem types occur on api.twitter.com and on api.x.com: only the last path segment counts. */
export const problemType = (type: string | undefined): string | undefined =>
  type === undefined || type === 'about:blank' ? undefined : type.split('/').at(-1);

const isUsageCap = (body: FailureBody): boolean =>
  body.title === 'UsageCapExceeded' || problemType(body.type) === 'usage-capped';

/** The body decides: a 429 for a monthly cap came with 40000 requests left in its headers. */
const readTooMany = (body: FailureBody, headers: Headers, now: Milliseconds): Upstream =>
  isUsageCap(body)
    ? { state: 'cap_exceeded', period: body.period ?? null, scope: body.scope ?? null }
    : { state: 'rate_limited', resetAt: readResetAt(headers, now) };

/** Nobody published the body of SpendCapReached, so its name is looked for wherever it can stand. */
const isSpendCap = (body: FailureBody): boolean =>
  [body.title, body.type, body.reason, body.detail].some(text => /spend[\s_-]?cap/i.test(text ?? ''));

const readForbidden = (body: FailureBody): Upstream =>
  isSpendCap(body)
    ? { state: 'spend_cap' }
    : { state: 'forbidden', reason: body.reason ?? problemType(body.type) ?? body.title ?? 'forbidden' };

/** The first message names the parameter and the accepted values; the general detail only says "invalid". */
const readInvalid = (body: FailureBody): Upstream => {
  const detail = body.errors?.find(error => error.message)?.message ?? body.detail ?? body.title ?? '';
  return { state: 'invalid_request', detail: detail.slice(0, LONGEST_DETAIL) };
};

const isTemporary = (status: number): boolean => status < 400 || status >= 500 || status === 408;

/** What a status other than 2xx means. `body` is the parsed JSON, or `undefined` if it was none. */
export const readFailure = (status: number, headers: Headers, body: unknown, now: Milliseconds): Upstream => {
  const known = failureBody.parse(body);
  if (status === 401) return { state: 'unauthorized' };
  if (status === 402) return { state: 'out_of_credit' };
  if (status === 403) return readForbidden(known);
  if (status === 404) return { state: 'not_found_path' };
  if (status === 429) return readTooMany(known, headers, now);
  return isTemporary(status) ? { state: 'unavailable', status, cause: 'http' } : readInvalid(known);
};
