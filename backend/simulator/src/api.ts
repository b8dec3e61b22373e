import { faultAnswer, faultHeaders } from './fault-answers.ts';
import {
  changeFaults,
  type FaultKind,
  type Faults,
  isInside,
  isWhole,
  noFaults,
  type WholeFault,
} from './faults.ts';
import { dice } from './hash.ts';
import { lookUp } from './look-up.ts';
import { type Answer, blank, type Parameter } from './problems.ts';
import { parseQuery } from './query.ts';
import { LOOK_UP_LIMIT, type RateLimit, type RateState, rateCounter } from './rate-limit.ts';
import type { ActivitySource, WallTime } from './source.ts';
import { usage } from './usage.ts';

export interface ApiOptions {
  readonly source: ActivitySource;
  readonly clock: () => WallTime;
  readonly bearerToken: string | undefined;
  readonly rateLimit: RateLimit | null | undefined;
  readonly faults: Partial<Faults>;
}

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly search: URLSearchParams;
  readonly authorization: string | undefined;
}

/** What happens to a request: an answer, one that breaks off in the middle, a reset, or nothing at all. */
export type Outcome =
  | {
      readonly kind: 'answer' | 'reset_midway';
      readonly answer: Answer;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'reset' | 'silence' };

/** The simulated X, without its sockets. */
export interface Api {
  handle(request: ApiRequest): Outcome;
  /** How long to wait before the next answer. */
  latency(): number;
  calls(): number;
  usersReturned(): number;
  faults(): Faults;
  setFaults(change: unknown): void;
}

type Handler = (search: URLSearchParams, now: WallTime, kind: FaultKind | null) => Answer;

interface Route {
  readonly handle: Handler;
  readonly rate: (endpoint: string, now: number) => RateState;
}

/** X's limit for reading the counter of posts. */
const USAGE_LIMIT: RateLimit = { limit: 50, windowSeconds: 900 };

const ACCESS = { 'x-access-level': 'read' };

const answered = (answer: Answer, headers: Readonly<Record<string, string>> = {}): Outcome => ({
  kind: 'answer',
  answer,
  headers,
});

const outageOf = (faults: Faults): Outcome | null => {
  if (faults.outage === 'none') return null;
  return faults.outage === 'reset' ? { kind: 'reset' } : answered(faultAnswer('unavailable'));
};

const isAuthorized = (authorization: string | undefined, token: string | undefined): boolean => {
  const [, given] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? [];
  return given !== undefined && (token === undefined || given === token);
};

/** A 401 carries no rate headers (measured), everything else does. */
const failed = (kind: WholeFault, faults: Faults, now: WallTime, rate: RateState): Outcome => {
  if (kind === 'unauthorized') return answered(faultAnswer(kind));
  return answered(faultAnswer(kind), { ...rate.headers, ...ACCESS, ...faultHeaders(kind, faults, now) });
};

/** Counters and switches, which change. */
interface State {
  calls: number;
  users: number;
  posts: number;
  faults: Faults;
  die: () => number;
}

const drawKind = ({ faults, die }: State): FaultKind | null => {
  if (faults.share === 0 || faults.kinds.length === 0 || die() >= faults.share) return null;
  return faults.kinds[Math.floor(die() * faults.kinds.length)] ?? null;
};

const lookUpHandler =
  (parameter: Parameter, source: ActivitySource, state: State): Handler =>
  (search, wall, kind) => {
    const parsed = parseQuery(search, parameter);
    if ('refusal' in parsed) return parsed.refusal;
    const { faults } = state;
    const now = faults.frozenAt ?? wall;
    const inside = isInside(kind) ? kind : null;
    const { answer, users, posts } = lookUp({ query: parsed.query, source, now, faults, kind: inside });
    state.users += users;
    state.posts += posts;
    return answer;
  };

const routesOf = (
  { source, rateLimit = LOOK_UP_LIMIT }: ApiOptions,
  state: State,
): ReadonlyMap<string, Route> => {
  const rate = rateCounter(rateLimit);
  const usageRate = rateCounter(rateLimit === null ? null : USAGE_LIMIT);
  const usageHandler: Handler = (search, now) =>
    usage(search, state.posts, now, state.faults.vocabulary ?? 'tweet');
  return new Map<string, Route>([
    ['/2/users', { handle: lookUpHandler('ids', source, state), rate }],
    ['/2/users/by', { handle: lookUpHandler('usernames', source, state), rate }],
    ['/2/usage/tweets', { handle: usageHandler, rate: usageRate }],
  ]);
};

/** X as a function from requests to outcomes. */
export const createApi = (options: ApiOptions): Api => {
  const faults = changeFaults(noFaults, options.faults);
  const state: State = { calls: 0, users: 0, posts: 0, faults, die: dice(faults.seed) };
  const routes = routesOf(options, state);

  const answer = (request: ApiRequest, kind: FaultKind | null): Outcome => {
    const route = routes.get(request.path);
    if (!route) return answered(blank(404, 'Not Found'));
    if (request.method !== 'GET') return answered(blank(405, 'Method Not Allowed'), { allow: 'GET' });
    const now = options.clock();
    const rate = route.rate(request.path, now);
    const headers = { ...rate.headers, ...ACCESS };
    if (rate.exceeded) return answered(faultAnswer('rate_limited'), headers);
    if (isWhole(kind)) return failed(kind, state.faults, now, rate);
    const outcome = { answer: route.handle(request.search, now, kind), headers };
    return { kind: kind === 'reset_midway' ? 'reset_midway' : 'answer', ...outcome };
  };

  const handle = (request: ApiRequest): Outcome => {
    state.calls += 1;
    const outage = outageOf(state.faults);
    if (outage) return outage;
    if (!isAuthorized(request.authorization, options.bearerToken))
      return answered(faultAnswer('unauthorized'));
    const kind = drawKind(state);
    if (kind === 'reset') return { kind: 'reset' };
    return kind === 'timeout' ? { kind: 'silence' } : answer(request, kind);
  };

  return {
    handle,
    latency: () => {
      const { latencyMs } = state.faults;
      if (typeof latencyMs === 'number') return latencyMs;
      return latencyMs.min + state.die() * (latencyMs.max - latencyMs.min);
    },
    calls: () => state.calls,
    usersReturned: () => state.users,
    faults: () => state.faults,
    setFaults: change => {
      const before = state.faults;
      state.faults = changeFaults(before, change);
      if (state.faults.seed !== before.seed) state.die = dice(state.faults.seed);
    },
  };
};
