import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ApiServer {
  readonly port: number;
  /** Takes no new connection, finishes the requests in hand, and cuts those that take longer than the limit. */
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly app: RequestListener;
  readonly host: string;
  /** 0 means any free one. */
  readonly port: number;
  /** How long requests in hand may take when closing. Default 10 s. */
  readonly drainMs?: number;
}

const timeouts = {
  headersTimeout: 10_000,
  /** A quarter of a gigabyte over 3 Mbit/s; an upload that stands still is given up much earlier. */
  requestTimeout: 15 * 60_000,
  /** Longer than the 60 s of common load balancers, so that they never reuse what we are closing. */
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
};
const mostConnections = 5_000;

export class PortError extends Error {
  override readonly name = 'PortError';
}

/** Listens, or throws a PortError of one line. */
export async function startApi(options: ServerOptions): Promise<ApiServer> {
  const server = createServer(timeouts, options.app);
  server.maxConnections = mostConnections;
  server.on('clientError', answerUnreadable);
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => close(server, options.drainMs ?? 10_000),
  };
}

async function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, host, resolve);
  try {
    await promise;
  } catch (error) {
    throw new PortError(reasonOf(error, host, port), { cause: error });
  }
  server.off('error', reject);
}

function reasonOf(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : String(error);
  if (code === 'EADDRINUSE')
    return `port ${port} on ${host} is in use: stop what listens there, or set PORT to another one`;
  if (code === 'EACCES') return `port ${port} on ${host} needs more rights: set PORT to one above 1023`;
  return `cannot listen on ${host}, port ${port}: ${code}`;
}

/** Connections that are idle now close now; one that is busy closes when its answer is out. */
async function close(server: Server, drainMs: number): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()));
  const drained = new AbortController();
  void closed.then(() => drained.abort());
  const until = performance.now() + drainMs;
  while (!drained.signal.aborted && performance.now() < until) {
    server.closeIdleConnections();
    await sleep(50, undefined, { signal: drained.signal }).catch(() => undefined);
  }
  server.closeAllConnections();
  await closed;
}

const unreadable: Readonly<Record<string, readonly [status: string, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'the address and the headers are longer than 16 KB',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not come in time'],
};

/** What Node's own parser refuses never reaches the app; it is answered in the same words. */
function answerUnreadable(error: Error & { code?: string }, socket: Duplex): void {
  // The last answer on this connection may be half written: nothing can be said in between.
  const busy = (socket as Socket & { _httpMessage?: unknown })._httpMessage;
  if (!socket.writable || busy || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, detail] = unreadable[error.code ?? ''] ?? [
    '400 Bad Request',
    'this is not a readable HTTP request',
  ];
  const body = JSON.stringify({
    type: 'about:blank',
    title: status.slice(4),
    status: Number(status.slice(0, 3)),
    detail,
  });
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
