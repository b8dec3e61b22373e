import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@app/standalone/free-port';

/** One of the system's processes, as a container runs it. */
export interface Service {
  readonly name: string;
  readonly pid: number;
  /** Where its health (and, for the api, everything) is served. */
  readonly url: string;
  said(): string;
  kill(): Promise<void>;
  /** Answers the exit code. */
  stop(): Promise<number | null>;
}

const startTimeoutMs = 30_000;
/** X's own limit, a call in three seconds, is what the budget's tests are about. */
const plenty = { X_API_CALLS: '1000000', X_API_WINDOW_S: '1', X_API_PRICE_USD: '0' };

/** Starts a service and waits until it is ready. */
export async function startService(
  name: 'api' | 'producer' | 'consumer',
  env: Readonly<Record<string, string>>,
): Promise<Service> {
  const port = await freePort();
  const [command = '', ...args] = await startCommandOf(name);
  const ports = name === 'api' ? { PORT: String(port) } : { HEALTH_PORT: String(port) };
  const child = spawn(command, args, {
    cwd: folderOf(name),
    env: { LOG_LEVEL: 'warn', ...plenty, ...ports, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.on('data', chunk => {
    text = (text + chunk).slice(-100_000);
  });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  await untilReady(name, child, url, () => text);
  return {
    name,
    pid: child.pid as number,
    url,
    said: () => text,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
      return child.exitCode;
    },
  };
}

function folderOf(name: string): string {
  return dirname(dirname(fileURLToPath(import.meta.resolve(`@app/${name}/main`))));
}

/** As its package starts it, without npm between: signals are meant for the process itself. */
async function startCommandOf(name: string): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(join(folderOf(name), 'package.json'), 'utf8'));
  const [, ...args] = String(scripts.start).split(' ');
  return [process.execPath, ...args];
}

async function untilReady(name: string, child: ChildProcess, url: string, said: () => string): Promise<void> {
  const giveUpAt = performance.now() + startTimeoutMs;
  for (;;) {
    const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
      response => response.ok,
      () => false,
    );
    if (ready) return;
    if (child.exitCode !== null || performance.now() > giveUpAt) {
      child.kill('SIGKILL');
      throw new Error(`${name} did not become ready: ${said().trim()}`);
    }
    await sleep(50);
  }
}
