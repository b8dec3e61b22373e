import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Connections } from './connections.ts';
import type { Headers } from './headers.ts';
import type { UnavailableCause } from './upstream.ts';

/** A complete answer, whatever its status. */
export interface Reply {
  readonly kind: 'reply';
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** No complete answer. */
export interface NoReply {
  readonly kind: 'none';
  readonly status: number | null;
  readonly cause: UnavailableCause | 'aborted';
}

export interface Limits {
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
}

/** One request's end: its own time limit, which covers connecting, headers and body, or the wish of somebody who may end it. */
interface Deadline {
  readonly signal: AbortSignal;
  readonly cause: () => 'timeout' | 'aborted' | 'network';
  readonly clear: () => void;
}

/** By hand instead of `AbortSignal.any`, so that a caller's long-lived signal keeps nothing of a finished request. */
const deadline = (timeoutMs: number, caller: AbortSignal | undefined, closing: AbortSignal): Deadline => {
  const own = new AbortController();
  let timedOut = false;
  const abort = (): void => own.abort();
  const timer = setTimeout(() => {
    timedOut = true;
    abort();
  }, timeoutMs);
  for (const signal of [caller, closing]) signal?.addEventListener('abort', abort, { once: true });
  if (closing.aborted) abort();
  return {
    signal: own.signal,
    cause: () => (caller?.aborted ? 'aborted' : timedOut ? 'timeout' : 'network'),
    clear: () => {
      clearTimeout(timer);
      for (const signal of [caller, closing]) signal?.removeEventListener('abort', abort);
    },
  };
};

/** The body as text, or `null` as soon as it is larger than allowed. Left early, the rest of it is not read. */
const readText = async (body: IncomingMessage, maxBytes: number): Promise<string | null> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** A server may close a connection that was kept open just as it is used again: that is no answer, and the request is made anew once. */
const respond = async (
  connections: Connections,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> => {
  for (let isFirst = true; ; isFirst = false) {
    const request = connections.get(path, headers, signal);
    const responded = once(request, 'response') as Promise<[IncomingMessage]>;
    request.end();
    try {
      const [response] = await responded;
      return response;
    } catch (error) {
      const mayBeStale = request.reusedSocket && !signal.aborted && isFirst;
      // What goes wrong from here on has nobody who waits for it.
      request.on('error', () => undefined);
      if (!mayBeStale) throw error;
    }
  }
};

/** One GET. It never throws: whatever goes wrong on the way is the world's doing and comes back as `none`. */
export const get = async (
  connections: Connections,
  path: string,
  headers: Readonly<Record<string, string>>,
  limits: Limits,
  caller: AbortSignal | undefined,
): Promise<Reply | NoReply> => {
  if (caller?.aborted) return { kind: 'none', status: null, cause: 'aborted' };
  const end = deadline(limits.timeoutMs, caller, connections.closing);
  let status: number | null = null;
  try {
    const response = await respond(connections, path, headers, end.signal);
    status = response.statusCode ?? null;
    const text = await readText(response, limits.maxBodyBytes);
    if (text === null) return { kind: 'none', status, cause: 'too_large' };
    return { kind: 'reply', status: response.statusCode ?? 0, headers: response.headers, text };
  } catch {
    return { kind: 'none', status, cause: end.cause() };
  } finally {
    end.clear();
  }
};
