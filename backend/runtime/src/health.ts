import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface Health {
  readonly registry: Registry;
  /** What must hold before this process may be given work; each throws when it does not. */
  readonly checks: Readonly<Record<string, () => Promise<void> | void>>;
}

/** A check that does not answer is a check that failed. */
const checkTimeoutMs = 2_000;

/** Answers /livez, /readyz and /metrics; says false when the path is another one. */
export async function answerHealth(
  health: Health,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  if (path === '/livez') answerJson(response, 200, { status: 'ok' });
  else if (path === '/readyz') await answerReady(health, response);
  else if (path === '/metrics') await answerMetrics(health.registry, response);
  else return false;
  return true;
}

/** A server of its own, for processes that serve nothing else. */
export async function startHealthServer(
  health: Health,
  at: { host: string; port: number },
): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer(async (request, response) => {
    if (!(await answerHealth(health, request, response))) answerJson(response, 404, { status: 'not found' });
  });
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(at.port, at.host, resolve),
  );
  const close = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port: (server.address() as AddressInfo).port, close };
}

async function answerReady(health: Health, response: ServerResponse): Promise<void> {
  const entries = await Promise.all(
    Object.entries(health.checks).map(async ([name, check]) => [name, await outcomeOf(check)] as const),
  );
  const ready = entries.every(([, outcome]) => outcome === 'ok');
  answerJson(response, ready ? 200 : 503, {
    status: ready ? 'ok' : 'not ready',
    checks: Object.fromEntries(entries),
  });
}

async function outcomeOf(check: () => Promise<void> | void): Promise<string> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${checkTimeoutMs} ms`)), checkTimeoutMs);
  try {
    await Promise.race([check(), late]);
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}

async function answerMetrics(registry: Registry, response: ServerResponse): Promise<void> {
  const body = await registry.metrics();
  response.writeHead(200, { 'content-type': registry.contentType }).end(body);
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body));
}
