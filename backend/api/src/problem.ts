import type { Fault, Problem, ProblemKind } from '@app/contract/problem';

const kinds: Readonly<Record<ProblemKind, { status: number; title: string }>> = {
  'invalid-request': { status: 422, title: 'The request holds wrong values' },
  'invalid-json': { status: 400, title: 'The body is not usable JSON' },
  'invalid-csv': { status: 400, title: 'The body is not a usable CSV file' },
  'invalid-parameter': { status: 400, title: 'The address holds wrong parameters' },
  'invalid-cursor': { status: 400, title: 'The cursor is not one of this list' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'request-timeout': { status: 408, title: 'The request came too slowly' },
  conflict: { status: 409, title: 'The request conflicts with what is there' },
  'too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body is of a type that is not accepted here' },
  'too-many-imports': { status: 429, title: 'Too many imports at once' },
  unavailable: { status: 503, title: 'Not available right now' },
  'internal-error': { status: 500, title: 'Something went wrong on our side' },
};

interface Extras {
  readonly errors?: readonly Fault[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Where that which is already there can be read. */
  readonly existing?: string;
  readonly cause?: unknown;
}

/** A refusal. Thrown anywhere below a handler; answered in one place. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly kind: ProblemKind;
  readonly extras: Extras;

  constructor(kind: ProblemKind, detail: string, extras: Extras = {}) {
    super(detail, { cause: extras.cause });
    this.kind = kind;
    this.extras = extras;
  }
}

/** Ten thousand wrong items would make an answer larger than the request. */
const errorsListed = 100;

/** The body of a refusal (RFC 9457). */
export function problemBody(error: ProblemError, at: { instance: string; requestId: string }): Problem {
  const { errors = [], existing } = error.extras;
  return {
    type: `/problems/${error.kind}`,
    ...kinds[error.kind],
    detail: error.message,
    instance: at.instance,
    request_id: at.requestId,
    ...(errors.length > 0 && { errors: errors.slice(0, errorsListed) }),
    ...(existing !== undefined && { existing }),
  };
}

export function notFound(what: string): ProblemError {
  return new ProblemError('not-found', what);
}

/** One wrong parameter of the path or the query. */
export function wrongParameter(parameter: string, detail: string): ProblemError {
  return new ProblemError('invalid-parameter', `${parameter}: ${detail}`, {
    errors: [{ parameter, detail }],
  });
}

/** Many wrong things at once: the first as the text, all in the list. */
export function wrongValues(kind: ProblemKind, errors: readonly Fault[]): ProblemError {
  const [first] = errors;
  const at = first?.parameter ?? first?.pointer ?? '';
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new ProblemError(kind, `${at === '' ? '' : `${at}: `}${first?.detail ?? 'wrong values'}${more}`, {
    errors,
  });
}
