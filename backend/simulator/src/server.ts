import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type Api, createApi, type Outcome } from './api.ts';
import { CONTROL_PATH, control } from './control.ts';
import type { Faults } from './faults.ts';
import { type Answer, problem } from './problems.ts';
import type { RateLimit } from './rate-limit.ts';
import type { ActivitySource, WallTime } from './source.ts';

export interface SimulatorOptions {
  readonly source: ActivitySource;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default `Date.now`. */
  readonly clock?: () => WallTime;
  /** Absent: any bearer token is taken. No token at all is always a 401. */
  readonly bearerToken?: string | undefined;
  /** Default X's 300 in 900 s for each look-up endpoint; `null`: none. */
  readonly rateLimit?: RateLimit | null | undefined;
  readonly faults?: Partial<Faults>;
}

/** A running stand-in for the X API. */
export interface Simulator {
  readonly url: string;
  readonly port: number;
  /** Requests to the API so far, refused ones included. */
  calls(): number;
  /** Users in `data` so far: what X would have billed. */
  usersReturned(): number;
  faults(): Faults;
  /** Changes the named switches and leaves the others. Nonsense throws. */
  setFaults(change: Partial<Faults>): void;
  /** Cuts all connections, hanging ones too, and frees the port. */
  close(): Promise<void>;
}

const send = (
  response: ServerResponse,
  answer: Answer,
  headers: Readonly<Record<string, string>> = {},
): void => {
  const length = Buffer.byteLength(answer.body);
  response.writeHead(answer.status, { 'content-type': answer.type, 'content-length': length, ...headers });
  response.end(answer.body);
};

/** Promises the whole body, sends half of it and hangs up. */
const sendHalf = (response: ServerResponse, answer: Answer): void => {
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { 'content-type': answer.type, 'content-length': body.length });
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
};

const carryOut = (response: ServerResponse, outcome: Outcome): void => {
  if (outcome.kind === 'answer') send(response, outcome.answer, outcome.headers);
  if (outcome.kind === 'reset_midway') sendHalf(response, outcome.answer);
  if (outcome.kind === 'reset') response.socket?.resetAndDestroy();
  // What is left is silence: until the caller gives up, or `close` cuts the connection.
};

/** The time of an answer is the time when it leaves, so the delay comes first. */
const serve = async (
  request: IncomingMessage,
  response: ServerResponse,
  api: Api,
  closing: AbortSignal,
): Promise<void> => {
  const url = new URL(`http://x${request.url}`);
  if (url.pathname === CONTROL_PATH) return send(response, await control(request, api));
  request.resume();
  const delay = api.latency();
  if (delay > 0) await wait(delay, undefined, { signal: closing });
  const { method = '', headers } = request;
  const authorization = headers.authorization;
  carryOut(response, api.handle({ method, path: url.pathname, search: url.searchParams, authorization }));
};

/** A bug of ours must not look like a fault that somebody switched on. */
const confess = (response: ServerResponse, error: unknown): void => {
  const detail = error instanceof Error ? error.message : String(error);
  if (response.headersSent || response.destroyed) return;
  send(response, problem(500, { title: 'Simulator failed', detail, type: 'about:blank', status: 500 }));
};

const listen = async (server: Server, host: string, port: number): Promise<number> => {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const urlOf = (host: string, port: number): string => {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
};

/** Starts a stand-in for the X API v2 user look-ups, and resolves when it listens. */
export const startSimulator = async (options: SimulatorOptions): Promise<Simulator> => {
  const { source, host = '127.0.0.1', clock = Date.now, bearerToken, rateLimit, faults = {} } = options;
  const api = createApi({ source, clock, bearerToken, rateLimit, faults });
  const closing = new AbortController();
  const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
    serve(request, response, api, closing.signal).catch(error => confess(response, error));
  });
  const port = await listen(server, host, options.port ?? 0);

  const close = async (): Promise<void> => {
    if (!server.listening) return;
    closing.abort();
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };

  return {
    url: urlOf(host, port),
    port,
    calls: api.calls,
    usersReturned: api.usersReturned,
    faults: api.faults,
    setFaults: api.setFaults,
    close,
  };
};
