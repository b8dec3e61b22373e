import { isPassing } from '@app/database/retry';
import { ProblemError } from './problem.ts';

/** Turns whatever was thrown into a refusal. What nobody foresaw is our own mistake. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  return (
    ofDatabase(error) ??
    ofBody(error) ??
    new ProblemError('internal-error', 'An unexpected error. It is in the log under this request id.', {
      cause: error,
    })
  );
}

/** SQLSTATE of a connection that could not be had, of exhausted resources and of statements cut off by a timeout. */
const unavailableState = /^(08...|53...|57P0[1-5]|57014|25P0[34]|55P03|ENOTFOUND|EAI_AGAIN)$/;
/** What pg says without a code. */
const unavailableText = /^(Client has encountered a connection error|Cannot use a pool after)/;

function ofDatabase(error: unknown): ProblemError | null {
  if (!(error instanceof Error)) return null;
  const code = codeOf(error);
  if (code === '40001' || code === '40P01')
    return unavailable('Another change was in the way. Nothing was changed.', 1, error);
  if (isPassing(error) || unavailableState.test(code) || unavailableText.test(error.message)) {
    return unavailable('The database does not answer.', 5, error);
  }
  if (code === '23505' || code === '23503') {
    return new ProblemError(
      'conflict',
      'Something it depends on was changed meanwhile. Nothing was changed.',
      { cause: error },
    );
  }
  return null;
}

function unavailable(detail: string, seconds: number, cause: unknown): ProblemError {
  return new ProblemError('unavailable', `${detail} Try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
    cause,
  });
}

/** What body-parser and the router throw carries a status; the text of the former's is the client's own JSON. */
function ofBody(error: unknown): ProblemError | null {
  if (!(error instanceof Error)) return null;
  const type = 'type' in error ? error.type : null;
  if (type === 'entity.too.large') return new ProblemError('too-large', tooLarge(error));
  if (type === 'encoding.unsupported' || type === 'charset.unsupported') {
    return new ProblemError('unsupported-media-type', `${error.message}: send UTF-8, plain or as gzip`);
  }
  if (type === 'entity.parse.failed')
    return new ProblemError('invalid-json', `not valid JSON: ${error.message.slice(0, 200)}`);
  const status = 'status' in error ? error.status : null;
  if (error instanceof URIError)
    return new ProblemError('invalid-parameter', 'the address is not properly percent-encoded');
  return status === 400
    ? new ProblemError('invalid-json', `the body could not be read: ${error.message.slice(0, 200)}`)
    : null;
}

function tooLarge(error: Error): string {
  const limit = 'limit' in error ? ` of ${error.limit} bytes` : '';
  return `the body is larger than the limit${limit}; use POST /api/v1/profiles/import for large lists`;
}

function codeOf(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code;
  // A host with several addresses fails with one error for each.
  return error instanceof AggregateError && error.errors[0] instanceof Error ? codeOf(error.errors[0]) : '';
}
