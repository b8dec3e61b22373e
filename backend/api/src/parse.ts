import { isUtf8 } from 'node:buffer';
import type { Fault, ProblemKind } from '@app/contract/problem';
import { parseId } from '@app/contract/profile-reference';
import type { ProfileKey } from '@app/database/profiles';
import express, { type Request, type Response } from 'express';
import type { z } from 'zod';
import { ProblemError, wrongParameter, wrongValues } from './problem.ts';

/** 10,000 profiles with every field given are some 2 MB. */
const jsonLimit = 4 * 1024 * 1024;
/** A body of that size that has not come by now is not coming. */
const jsonDeadlineMs = 30_000;

const parser = express.json({
  limit: jsonLimit,
  strict: false,
  type: () => true,
  verify: (_request, _response, body) => {
    // Left to itself, the parser takes an empty body for an empty object.
    if (body.length === 0) throw noBody();
    if (!isUtf8(body)) throw new ProblemError('invalid-json', 'the body is not valid UTF-8');
  },
});

/** The JSON body, whatever it is. */
export async function readJson(request: Request, response: Response): Promise<unknown> {
  if (request.is('json') === false) {
    throw new ProblemError(
      'unsupported-media-type',
      'send JSON with the header content-type: application/json',
    );
  }
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      reject(new ProblemError('request-timeout', `the body did not come within ${jsonDeadlineMs / 1000} s`)),
    jsonDeadlineMs,
  );
  try {
    await Promise.race([parsed(request, response), late]);
  } finally {
    clearTimeout(timer);
  }
  if (request.body === undefined)
    throw new ProblemError('invalid-json', 'the request has no body: send JSON');
  return request.body;
}

function parsed(request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    parser(request, response, error => (error ? reject(error) : resolve()));
  });
}

function noBody(): ProblemError {
  return new ProblemError('invalid-json', 'the request has no body: send JSON');
}

/** A body in its wire shape. Every wrong field is named by a JSON pointer. */
export function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  return parse(schema, body, 'invalid-request', path => ({
    pointer: path.map(segment => `/${escapePointer(segment)}`).join(''),
  }));
}

/** The parameters after the question mark. */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, request: Request): z.infer<Schema> {
  return parse(schema, { ...request.query }, 'invalid-parameter', path => ({
    parameter: String(path[0] ?? ''),
  }));
}

/** The profile that a path or a filter names: X's id, or `@handle` (historical handles are longer than today's). */
export function parseProfileKey(parameter: string, value: unknown): ProfileKey {
  const text = typeof value === 'string' ? value : '';
  if (/^@[A-Za-z0-9_]{1,50}$/.test(text)) return { handle: text.slice(1) };
  if (/^[0-9]+$/.test(text) && 'reference' in parseId(text)) return { id: text };
  throw wrongParameter(parameter, 'must be a numeric X user id, or a handle with an @ before it, like @jack');
}

/** A key of our own in a path. */
export function parseNumber(parameter: string, value: unknown, max: bigint): string {
  if (typeof value === 'string' && /^[1-9][0-9]{0,18}$/.test(value) && BigInt(value) <= max) return value;
  throw wrongParameter(parameter, 'must be the number of one that exists');
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  kind: ProblemKind,
  place: (path: PropertyKey[]) => Omit<Fault, 'detail'>,
): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw wrongValues(
    kind,
    result.error.issues.flatMap(issue => faultsOf(issue, place)),
  );
}

function faultsOf(issue: z.core.$ZodIssue, place: (path: PropertyKey[]) => Omit<Fault, 'detail'>): Fault[] {
  if (issue.code !== 'unrecognized_keys') return [{ ...place(issue.path), detail: issue.message }];
  return issue.keys.map(key => ({ ...place([...issue.path, key]), detail: 'is not known here' }));
}

/** RFC 6901; a key of any length came with the request, so the pointer is cut. */
function escapePointer(segment: PropertyKey): string {
  return String(segment).replaceAll('~', '~0').replaceAll('/', '~1').slice(0, 100);
}
