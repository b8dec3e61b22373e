import type { Dispatcher, Pool } from 'undici';
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

/** One request's end: its own time limit, which covers connecting, headers and body, or the caller's wish. */
interface Deadline {
  readonly signal: AbortSignal;
  readonly cause: () => 'timeout' | 'aborted' | 'network';
  readonly clear: () => void;
}

/** By hand instead of `AbortSignal.any`, so that a caller's long-lived signal keeps nothing of a finished request. */
const deadline = (timeoutMs: number, caller: AbortSignal | undefined): Deadline => {
  const own = new AbortController();
  let timedOut = false;
  const abort = (): void => own.abort();
  const timer = setTimeout(() => {
    timedOut = true;
    abort();
  }, timeoutMs);
  caller?.addEventListener('abort', abort, { once: true });
  return {
    signal: own.signal,
    cause: () => (caller?.aborted ? 'aborted' : timedOut ? 'timeout' : 'network'),
    clear: () => {
      clearTimeout(timer);
      caller?.removeEventListener('abort', abort);
    },
  };
};

/** The body as text, or `null` as soon as it is larger than allowed. */
const readText = async (body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<string | null> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** One GET. It never throws: whatever goes wrong on the way is the world's doing and comes back as `none`. */
export const get = async (
  pool: Pool,
  path: string,
  headers: Readonly<Record<string, string>>,
  limits: Limits,
  caller: AbortSignal | undefined,
): Promise<Reply | NoReply> => {
  if (caller?.aborted) return { kind: 'none', status: null, cause: 'aborted' };
  const end = deadline(limits.timeoutMs, caller);
  let status: number | null = null;
  try {
    const response = await pool.request({ method: 'GET', path, headers, signal: end.signal });
    status = response.statusCode;
    const text = await readText(response.body, limits.maxBodyBytes);
    if (text === null) return { kind: 'none', status, cause: 'too_large' };
    return { kind: 'reply', status, headers: response.headers, text };
  } catch {
    return { kind: 'none', status, cause: end.cause() };
  } finally {
    end.clear();
  }
};
