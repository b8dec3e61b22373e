import type { Milliseconds, Observation, UnknownReason } from '@app/policy/observation';
import { type Asked, type AskedBy, ask } from './asked.ts';
import { openConnections } from './connections.ts';
import { readDate, readRate } from './headers.ts';
import { lookUpPath, type Vocabulary } from './query.ts';
import { type Answer, readAnswer } from './read-answer.ts';
import { readFailure } from './read-failure.ts';
import type { Moment } from './read-user.ts';
import { get, type NoReply, type Reply } from './request.ts';
import { DEFAULT_SKEW } from './snowflake.ts';
import type { Rate, Upstream } from './upstream.ts';

/** The part of pino that is used here. */
export interface Log {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export interface XApiOptions {
  readonly bearerToken: string;
  /** Which names the requests use; answers are read in both whatever was asked. */
  readonly vocabulary: Vocabulary;
  /** Default https://api.x.com; a path in it is put before every path. */
  readonly baseUrl?: string;
  /** For the whole request, body included. Default 10 s. */
  readonly timeoutMs?: number;
  /** Connections kept open at most. Default 8. */
  readonly connections?: number;
  /** A batch of 100 is about 80 kB; an answer beyond this is not read on. Default 8 MiB. */
  readonly maxBodyBytes?: number;
  /** How far X's clock may run ahead of ours. Default 5 min. */
  readonly skewMs?: Milliseconds;
  readonly log?: Log;
  /** Only to tell a post from the future and to read a relative `Retry-After`. */
  readonly now?: () => Milliseconds;
}

/** The result of one call. */
export interface LookUp {
  /** Exactly one for each asked item, in the asked order. */
  readonly observations: readonly Observation[];
  readonly upstream: Upstream;
  readonly rate: Rate | null;
  /** Users in `data`, asked or not: what X bills. */
  readonly returned: number;
  /** The names that the answer used, whatever was asked; absent when nothing in it tells. */
  readonly vocabulary?: Vocabulary;
  /** When X answered, by its own clock; absent if it did not say. */
  readonly answeredAt?: Milliseconds;
}

export interface LookUpOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface XApi {
  /** Looks up to 100 ids up in one call. More is our bug: RangeError. Nothing else is ever thrown. */
  lookUpByIds(ids: readonly string[], options?: LookUpOptions): Promise<LookUp>;
  /** The same by handle. A handle can have changed hands: attach nothing by it but the id of a first resolution. */
  lookUpByHandles(handles: readonly string[], options?: LookUpOptions): Promise<LookUp>;
  /** Closes the connections, cutting short what still runs. */
  close(): Promise<void>;
}

type Read = Pick<LookUp, 'upstream' | 'rate'> & {
  readonly answer: Answer | null;
  readonly answeredAt?: Milliseconds;
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const unavailable = (status: number | null, cause: 'not_json' | 'malformed'): Upstream => ({
  state: 'unavailable',
  status,
  cause,
});

const readSuccess = (reply: Reply, body: unknown, asked: Asked, moment: Moment): Read => {
  const rate = readRate(reply.headers);
  if (body === undefined) return { upstream: unavailable(reply.status, 'not_json'), rate, answer: null };
  const answer = readAnswer(body, asked, moment);
  const upstream: Upstream = answer ? { state: 'ok' } : unavailable(reply.status, 'malformed');
  return { upstream, rate, answer };
};

const readReply = (reply: Reply, asked: Asked, moment: Moment): Read => {
  const body = parseJson(reply.text);
  const date = readDate(reply.headers);
  const answered = date === null ? {} : { answeredAt: date };
  if (reply.status >= 200 && reply.status < 300)
    return { ...readSuccess(reply, body, asked, moment), ...answered };
  const upstream = readFailure(reply.status, reply.headers, body, date ?? moment.now);
  return { upstream, rate: readRate(reply.headers), answer: null, ...answered };
};

const readNoReply = ({ status, cause }: NoReply): Read => {
  const upstream: Upstream =
    cause === 'aborted' ? { state: 'aborted' } : { state: 'unavailable', status, cause };
  return { upstream, rate: null, answer: null };
};

const unknown = (reason: UnknownReason): Observation => ({ kind: 'unknown', reason });

/** Every place of the asked list gets its observation. */
const observe = (asked: Asked, answer: Answer | null): readonly Observation[] => {
  const otherwise = unknown(answer ? 'not_answered' : 'request_failed');
  return asked.places.map(key =>
    key === null ? unknown('invalid_reference') : (answer?.byKey.get(key) ?? otherwise),
  );
};

/** A client of the X API v2 user look-ups. */
export const createXApi = (options: XApiOptions): XApi => {
  const { timeoutMs = 10_000, maxBodyBytes = 8 * 1024 * 1024, skewMs = DEFAULT_SKEW } = options;
  const { vocabulary, log, now = Date.now } = options;
  const url = new URL(options.baseUrl ?? 'https://api.x.com');
  const prefix = url.pathname.replace(/\/+$/, '');
  const connections = openConnections(url, options.connections ?? 8);
  const headers = {
    authorization: `Bearer ${options.bearerToken}`,
    accept: 'application/json',
    // Gateways like to refuse requests without a name.
    'user-agent': 'twitter-activity-monitor',
  };

  const send = async (asked: Asked, signal: AbortSignal | undefined): Promise<Read> => {
    const path = prefix + lookUpPath(asked, vocabulary);
    const reply = await get(connections, path, headers, { timeoutMs, maxBodyBytes }, signal);
    if (reply.kind === 'none') return readNoReply(reply);
    return readReply(reply, asked, { now: now(), skew: skewMs });
  };

  const lookUp = async (by: AskedBy, items: readonly string[], signal?: AbortSignal): Promise<LookUp> => {
    const asked = ask(by, items);
    if (asked.sent.size === 0) {
      return { observations: observe(asked, null), upstream: { state: 'ok' }, rate: null, returned: 0 };
    }
    const { answer, ...read } = await send(asked, signal);
    const { upstream, rate } = read;
    const isExpected = upstream.state === 'ok' || upstream.state === 'aborted';
    if (!isExpected) log?.warn({ upstream, rate, asked: asked.sent.size }, 'X look-up failed');
    const used = answer?.vocabulary;
    return {
      observations: observe(asked, answer),
      ...read,
      returned: answer?.returned ?? 0,
      ...(used && { vocabulary: used }),
    };
  };

  return {
    lookUpByIds: async (ids, { signal } = {}) => lookUp('ids', ids, signal),
    lookUpByHandles: async (handles, { signal } = {}) => lookUp('usernames', handles, signal),
    close: async () => connections.close(),
  };
};
