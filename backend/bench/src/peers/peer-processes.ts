import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Level, PeerContext } from './peer.ts';
import type { PeerName } from './peers.ts';

/** What a process has done so far. */
export interface Progress {
  /** Jobs that it handed out … */
  readonly added: number;
  /** … or that it finished. */
  readonly jobs: number;
  /** Posts that were new. */
  readonly posts: number;
  /** The first check that failed; empty: none did. */
  readonly failure: string;
  readonly cpuMs: number;
}

export interface PeerProcesses {
  /** Throws what went wrong in any of them. */
  progress(): { readonly feeder: Progress; readonly workers: Progress };
  /** Jobs that were handed out, as far as is known, also after the end. */
  added(): number;
  stop(): Promise<void>;
}

export interface Start extends Pick<PeerContext, 'databaseUrl' | 'simulatorUrl' | 'profiles'> {
  readonly name: PeerName;
  readonly level: Level;
  readonly address: string;
  /** The profiles after the first so many. */
  readonly from: number;
}

type Role = 'feeder' | 'worker';

const program = fileURLToPath(new URL('./peer-process.ts', import.meta.url));
const keptCharacters = 2_000;
const tellEveryMs = 20;

/** Starts the workers of a peer, and the feeder that keeps ahead of them. */
export function startPeer(start: Start): PeerProcesses {
  const workers = Array.from({ length: start.level.workers }, () => launch(start, 'worker'));
  const feeder = launch(start, 'feeder');
  const timer = setInterval(() => feeder.tell(sum(workers.map(one => one.last())).jobs), tellEveryMs);
  return {
    progress: () => ({ feeder: feeder.progress(), workers: sum(workers.map(one => one.progress())) }),
    added: () => feeder.last().added,
    stop: async () => {
      clearInterval(timer);
      await feeder.stop();
      await Promise.all(workers.map(one => one.stop()));
    },
  };
}

function launch(start: Start, role: Role) {
  const child = spawn(process.execPath, [program], {
    env: envOf(start, role),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const state = { progress: nothing, output: '' };
  child.on('message', message => {
    state.progress = message as Progress; // from our own child
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    state.output = (state.output + chunk.toString()).slice(-keptCharacters);
  });
  return {
    last: () => state.progress,
    progress: () => {
      if (state.progress.failure) throw new Error(`a ${role} failed: ${state.progress.failure}`);
      if (hasEnded(child)) throw new Error(`a ${role} ended: ${state.output.trim()}`);
      return state.progress;
    },
    tell: (jobs: number) => void (child.connected && child.send(jobs, () => undefined)),
    stop: () => end(child),
  };
}

function envOf({ level, ...start }: Start, role: Role): Record<string, string> {
  return {
    PEER: start.name,
    ROLE: role,
    ADDRESS: start.address,
    DATABASE_URL: start.databaseUrl,
    SIMULATOR_URL: start.simulatorUrl,
    CONCURRENCY: String(level.concurrency),
    PROFILES: String(start.profiles),
    FROM: String(start.from),
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

const nothing: Progress = { added: 0, jobs: 0, posts: 0, failure: '', cpuMs: 0 };

function sum(all: readonly Progress[]): Progress {
  return all.reduce(
    (one, other) => ({
      added: one.added + other.added,
      jobs: one.jobs + other.jobs,
      posts: one.posts + other.posts,
      failure: one.failure || other.failure,
      cpuMs: one.cpuMs + other.cpuMs,
    }),
    nothing,
  );
}
