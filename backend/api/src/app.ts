import { type Overview, readOverview } from '@app/database/overview';
import type { Pool } from '@app/database/pool';
import type { Health } from '@app/runtime/health';
import type { Log } from '@app/runtime/log';
import express, { type Express, type RequestHandler } from 'express';
import { type Api, type Handler, send } from './answer.ts';
import { answerProblems, identify, linger, logRequests } from './around.ts';
import { kept } from './kept.ts';
import { measureRequests } from './metrics.ts';
import { notFound, ProblemError } from './problem.ts';
import { routes } from './routes.ts';

export interface AppOptions {
  readonly pool: Pool;
  readonly log: Log;
  /** Its registry gets the metrics of HTTP, so it serves one app. */
  readonly health: Health;
  /** How long before a deadline the first of its two looks is due; the same for every process. */
  readonly confirmDelayMs: number;
  /** An import file may be this large, unpacked. Default 256 MiB. */
  readonly importMaxBytes?: number;
  /** How many imports may run at once; each holds a connection of the pool. Default 2. */
  readonly importsAtOnce?: number;
  /** Default 60 s. */
  readonly importStallMs?: number;
}

/**
 * What ten dashboards ask for every few seconds, at ten million profiles a dozen small queries: 27 ms while checks run. Estimates are as old
 * as the census, so a moment more is nothing; exact counts are read each time.
 */
const estimates = {
  freshMs: 1_000,
  staleMs: 3_000,
  isWorthIt: ({ counts }: Overview) => counts.live === null && counts.census !== null,
};

/** The whole API, without a port: `startApi` gives it one. */
export function createApp(options: AppOptions): Express {
  const api: Api = {
    ...options,
    readOverview: kept(() => readOverview(options.pool), estimates),
    importMaxBytes: options.importMaxBytes ?? 256 * 1024 * 1024,
    importSlots: { free: options.importsAtOnce ?? 2 },
    importStallMs: options.importStallMs ?? 60_000,
  };
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.use(identify, linger, logRequests(api.log), measureRequests(api.health.registry));
  for (const path of new Set(routes.map(([, path]) => path))) app.all(path, answerPath(api, path));
  app.use(() => {
    throw notFound('there is nothing at this address; GET / lists what there is');
  });
  app.use(answerProblems(api.log));
  return app;
}

/** All methods of one path, so that a wrong one can be told which are right. */
function answerPath(api: Api, path: string): RequestHandler {
  const handlers = new Map<string, Handler>(
    routes.filter(route => route[1] === path).map(([method, , handler]) => [method, handler]),
  );
  const allow = [...handlers.keys(), ...(handlers.has('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return async (request, response) => {
    response.locals.route = path;
    if (request.method === 'OPTIONS') return send(response, { status: 204, headers: { allow } });
    const handler = handlers.get(request.method === 'HEAD' ? 'GET' : request.method);
    if (!handler) {
      throw new ProblemError('method-not-allowed', `this address takes ${allow}`, { headers: { allow } });
    }
    const answer = await handler(api, request, response);
    if (answer !== null) send(response, answer);
  };
}
