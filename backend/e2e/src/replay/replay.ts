import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { countClaims } from '@app/database/claim';
import { createPool } from '@app/database/pool';
import { countIncidents } from '@app/database/source-assess';
import type { Lifecycle } from '@app/runtime/process';
import { everyFault } from '@app/simulator/faults';
import { type Simulator, startSimulator } from '@app/simulator/server';
import type { ActivitySource } from '@app/simulator/source';
import { readTrace, type Trace } from '@app/simulator/trace';
import { traceProfiles, traceSource } from '@app/simulator/trace-source';
import { startEmbeddedPostgres } from '@app/standalone/postgres/server';
import { type SystemProcess, startSystemProcess } from '../system-process.ts';
import { readAlerts, watchAll } from './api.ts';
import type { ReplayOptions } from './options.ts';
import { compare } from './oracle.ts';
import { freshnessAt, settingsAt } from './pace.ts';
import type { Measured } from './report.ts';
import { type Staged, settableClock, stage } from './scenario.ts';

type OnStop = Lifecycle['onStop'];
type Say = (line: string) => void;

/** Milliseconds that an alert may come after its episode's due instant, while the episode lasts. */
const tolerance = { calm: 3_000, scenario: 8_000, chaos: 15_000 };
const kills = 3;

/** Starts the system on a data folder of its own, lets the trace happen, and compares what was raised with the truth. */
export async function replay(options: ReplayOptions, onStop: OnStop, say: Say): Promise<Measured> {
  const trace = await readTrace(options.trace);
  const profiles = traceProfiles(trace);
  const world = createWorld(trace, options);
  const simulator = await startSimulator({ source: world.source, rateLimit: null });
  onStop(() => simulator.close());
  const { databaseUrl, folder } = await openDatabase(onStop);
  const clock = settableClock(folder);
  const env = { DATABASE_URL: databaseUrl, X_API_URL: simulator.url, ...(options.scenario && clock.env) };
  const system = await startKillable(options, env, onStop);
  const from = world.begin();
  await watchAll(system.url(), profiles, {
    threshold: options.threshold,
    grace: options.grace,
    freshness: freshnessAt(options.speed),
  });
  const until = from + options.duration * 1_000;
  say(`watching ${profiles.length} accounts for ${options.duration} s`);
  if (options.chaos) simulator.setFaults({ share: 0.1, kinds: [...everyFault] });
  const staged = stage(options.scenario, from, options.speed, { simulator, ...clock });
  await letHappen({ from, until, options, system, simulator, staged, say });
  const raised = await readAlerts(system.url(), profiles, until);
  const kind = options.chaos ? 'chaos' : options.scenario ? 'scenario' : 'calm';
  const verdict = compare({
    events: world.events(from),
    raised,
    silenceMs: (options.threshold + options.grace) * 1_000,
    toleranceMs: tolerance[kind],
    staleMs: tolerance[options.chaos ? 'chaos' : 'calm'],
    from,
    until,
    blind: staged.blind,
  });
  const found = await readDatabase(databaseUrl);
  const counts = { profiles: profiles.length, raised: raised.length, calls: simulator.calls(), ...found };
  return { ...counts, incidentExpected: staged.incident, toleranceMs: tolerance[kind], verdict };
}

/** The trace as it will happen: nothing is seen of it before the watch begins. */
function createWorld(trace: Trace, { from: chosen, speed }: ReplayOptions) {
  const from = chosen ?? trace.first;
  let current: ActivitySource | null = null;
  const source: ActivitySource = {
    account: (id, now) => current?.account(id, now) ?? null,
    idOf: (handle, now) => current?.idOf(handle, now) ?? null,
  };
  const begin = () => {
    const startAt = Date.now();
    current = traceSource(trace, { from, startAt, speed });
    return startAt;
  };
  const wall = (startAt: number, second: number) => Math.round(startAt + ((second - from) * 1_000) / speed);
  const events = (startAt: number) =>
    new Map(
      [...trace.accounts].map(([account, seconds]) => [
        account,
        Array.from(seconds, second => wall(startAt, second)),
      ]),
    );
  return { source, begin, events };
}

async function openDatabase(onStop: OnStop): Promise<{ databaseUrl: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'monitor-replay-'));
  onStop(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres({ folder });
  onStop(() => postgres.stop());
  return { databaseUrl: postgres.url, folder };
}

/** The system as a process that can be killed and started again on the same database. */
async function startKillable(options: ReplayOptions, given: Record<string, string>, onStop: OnStop) {
  const env = {
    ...settingsAt(options.speed),
    ...given,
    CONSUMERS: String(options.consumers),
    LOG_LEVEL: 'error',
  };
  const start = () => startSystemProcess(['--port', '0'], env);
  let current: SystemProcess = await start();
  onStop(async () => void (await current.stop()));
  return {
    url: () => current.url,
    async killAndRestart() {
      await current.kill();
      current = await start();
    },
  };
}

interface Happening {
  readonly from: number;
  readonly until: number;
  readonly options: ReplayOptions;
  readonly system: { killAndRestart(): Promise<void> };
  readonly simulator: Simulator;
  readonly staged: Staged;
  readonly say: Say;
}

/** Waits for the end, saying how far it is; under chaos kills the system at every quarter. */
async function letHappen(happening: Happening): Promise<void> {
  const { from, until, options, system, simulator, staged, say } = happening;
  const quarter = (until - from) / (kills + 1);
  let killed = 0;
  let saidAt = Date.now();
  while (Date.now() < until) {
    staged.tick(Date.now());
    if (options.chaos && killed < kills && Date.now() >= from + (killed + 1) * quarter) {
      killed++;
      say(`killing the consumer and everything beside it (${killed} of ${kills})`);
      await system.killAndRestart();
    }
    if (Date.now() - saidAt >= 10_000) {
      saidAt = Date.now();
      say(`${Math.round((saidAt - from) / 1_000)} of ${options.duration} s, ${simulator.calls()} calls`);
    }
    await sleep(Math.min(100, Math.max(1, until - Date.now())));
  }
}

async function readDatabase(url: string) {
  const pool = createPool({ url, name: 'replay', onError: () => undefined });
  try {
    return { checks: await countClaims(pool), incidents: await countIncidents(pool) };
  } finally {
    await pool.end();
  }
}
