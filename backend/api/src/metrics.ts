import type { RequestHandler } from 'express';
import { Counter, Histogram, type Registry } from 'prom-client';

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Counts and times every request by its route's pattern: never by a path, which would make a series for each profile. */
export function measureRequests(registry: Registry): RequestHandler {
  const labelNames = ['method', 'route', 'status'] as const;
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests answered, by method, route pattern and class of status',
    labelNames,
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer',
    labelNames,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers: [registry],
  });
  return (request, response, next) => {
    const began = performance.now();
    response.once('close', () => {
      const method = methods.has(request.method) ? request.method : 'other';
      const labels = {
        method,
        route: response.locals.route ?? 'none',
        status: `${Math.floor(response.statusCode / 100)}xx`,
      };
      requests.inc(labels);
      durations.observe(labels, (performance.now() - began) / 1000);
    });
    next();
  };
}
