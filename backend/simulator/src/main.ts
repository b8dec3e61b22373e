import { logLevel, port, readEnv, wholeNumber } from '@app/runtime/env';
import { createLog } from '@app/runtime/log';
import { runProcess } from '@app/runtime/process';
import { z } from 'zod';
import { rhythmSource } from './rhythms.ts';
import { startSimulator } from './server.ts';
import type { ActivitySource } from './source.ts';
import { readTrace } from './trace.ts';
import { traceSource } from './trace-source.ts';

const settingsOfProcess = {
  SIMULATOR_HOST: z.string().default('127.0.0.1'),
  SIMULATOR_PORT: port.default(4010),
  /** Simulated time per real time: 1440 makes a day a minute. */
  SIMULATOR_SPEED: wholeNumber(1, 20_000).default(1440),
  SIMULATOR_SEED: wholeNumber(0, 2 ** 31 - 1).default(1),
  SIMULATOR_PROFILES: wholeNumber(1, 1e12).default(1e12),
  /** A CSV of `account,unix_seconds` (or that, gzipped) to replay from its first second on, instead of invented rhythms. */
  SIMULATOR_TRACE: z.string().optional(),
  /** When the first second of the trace happens; the same moment gives the same ids after a restart. Default: now. */
  SIMULATOR_TRACE_START: z.iso.datetime('must be a time like 2026-01-01T00:00:00Z').optional(),
  /** Calls in 15 minutes for each look-up endpoint; 0: no limit. */
  SIMULATOR_RATE_LIMIT: wholeNumber(0, 1e9).default(300),
  /** Without one, any bearer token is taken. */
  X_BEARER_TOKEN: z.string().optional(),
  LOG_LEVEL: logLevel,
};

type Settings = ReturnType<typeof readEnv<typeof settingsOfProcess>>;

const sourceOf = async (settings: Settings): Promise<ActivitySource> => {
  const { SIMULATOR_TRACE: path, SIMULATOR_SPEED: speed, SIMULATOR_TRACE_START: start } = settings;
  if (path === undefined) {
    return rhythmSource({ seed: settings.SIMULATOR_SEED, speed, profiles: settings.SIMULATOR_PROFILES });
  }
  const trace = await readTrace(path);
  return traceSource(trace, { from: trace.first, startAt: start ? Date.parse(start) : Date.now(), speed });
};

await runProcess('simulator', async ({ onStop }) => {
  const settings = readEnv(settingsOfProcess);
  const log = createLog('simulator', settings.LOG_LEVEL);
  const limit = settings.SIMULATOR_RATE_LIMIT;
  const simulator = await startSimulator({
    source: await sourceOf(settings),
    host: settings.SIMULATOR_HOST,
    port: settings.SIMULATOR_PORT,
    bearerToken: settings.X_BEARER_TOKEN,
    rateLimit: limit === 0 ? null : { limit, windowSeconds: 900 },
  });
  onStop(simulator.close);
  log.info({ url: simulator.url }, 'a stand-in for the X API is listening');
});
