import type { Milliseconds } from '@app/policy/observation';
import type { Rate } from './upstream.ts';

/** Headers as undici gives them: names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

const text = (headers: Headers, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
};

const count = (headers: Headers, name: string): number | null => {
  const value = text(headers, name)?.trim() ?? '';
  return /^[0-9]{1,12}$/.test(value) ? Number(value) : null;
};

/** `x-rate-limit-*`, which X sends with 200, 400 and 403 but not with 401. Half of them says nothing. */
export const readRate = (headers: Headers): Rate | null => {
  const limit = count(headers, 'x-rate-limit-limit');
  const remaining = count(headers, 'x-rate-limit-remaining');
  const reset = count(headers, 'x-rate-limit-reset');
  if (limit === null || remaining === null || reset === null) return null;
  return { limit, remaining, resetAt: reset * 1000 };
};

/** `Retry-After` is seconds from now or an HTTP date. */
const readRetryAfter = (headers: Headers, now: Milliseconds): Milliseconds | null => {
  const seconds = count(headers, 'retry-after');
  if (seconds !== null) return now + seconds * 1000;
  const date = Date.parse(text(headers, 'retry-after') ?? '');
  return Number.isNaN(date) ? null : date;
};

/** When a 429 ends: the later of the window's reset and `Retry-After`, `null` if X names neither. */
export const readResetAt = (headers: Headers, now: Milliseconds): Milliseconds | null => {
  const reset = count(headers, 'x-rate-limit-reset');
  const times = [reset === null ? null : reset * 1000, readRetryAfter(headers, now)];
  const known = times.filter(time => time !== null);
  return known.length === 0 ? null : Math.max(...known);
};

/** When X answered, by its own clock, in whole seconds: the only clock that its reset times can be compared with. */
export const readDate = (headers: Headers): Milliseconds | null => {
  const date = Date.parse(text(headers, 'date') ?? '');
  return Number.isNaN(date) ? null : date;
};
