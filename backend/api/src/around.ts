import { randomUUID } from 'node:crypto';
import type { Log } from '@app/runtime/log';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { send } from './answer.ts';
import { type ProblemError, problemBody } from './problem.ts';
import { problemOf } from './problem-of.ts';

/** What stands around every handler: an id for the request, headers for safety, a log line, and the one place of refusals. */

/** What a caller may choose as the id of its request: nothing that could forge a log line or a header. */
const callersId = /^[\w.-]{1,64}$/;

export const identify: RequestHandler = (request, response, next) => {
  const given = request.get('x-request-id');
  response.locals.requestId = given !== undefined && callersId.test(given) ? given : randomUUID();
  response.set({
    'x-request-id': response.locals.requestId,
    'x-content-type-options': 'nosniff',
    'content-security-policy': `default-src 'none'; frame-ancestors 'none'`,
    'cache-control': 'no-store',
  });
  next();
};

/** How long the rest of a body that was refused early may go on coming, unread, before the connection is cut. */
const lingerMs = 10_000;

/**
 * A refusal may be answered while the body is still being sent. Closing then would reset the connection, and the client
 * would never see the answer: so the rest is read and thrown away, for a while.
 */
export const linger: RequestHandler = (request, response, next) => {
  response.once('finish', () => {
    if (request.complete) return;
    request.resume();
    // Once the rest has come, the connection may be serving another request already.
    const timer = setTimeout(() => request.complete || request.destroy(), lingerMs);
    request.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
  });
  next();
};

export function logRequests(log: Log): RequestHandler {
  return (request, response, next) => {
    response.once('close', () => {
      log.debug(
        {
          request_id: response.locals.requestId,
          method: request.method,
          route: response.locals.route,
          status: response.statusCode,
        },
        'request',
      );
    });
    next();
  };
}

/** The one place that answers refusals and errors. Four parameters make it Express's error handler. */
export function answerProblems(log: Log): ErrorRequestHandler {
  return (thrown, request, response, _next) => {
    const error = problemOf(thrown);
    const at = { instance: request.path, requestId: response.locals.requestId };
    report(log, error, at);
    // The status line is out already: cutting the connection is the only way left to say that the answer is not whole.
    if (response.headersSent || response.destroyed) return void response.destroy();
    const body = problemBody(error, at);
    response.type('application/problem+json');
    send(response, { status: body.status, body, headers: error.extras.headers ?? {} });
  };
}

function report(log: Log, error: ProblemError, at: { instance: string; requestId: string }): void {
  const fields = { request_id: at.requestId, path: at.instance, err: error.extras.cause ?? error };
  if (error.kind === 'internal-error') log.error(fields, 'a request failed unexpectedly');
  else if (error.kind === 'unavailable') log.warn(fields, 'the database does not answer');
}
