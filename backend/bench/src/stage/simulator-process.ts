import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@app/standalone/free-port';

/**
 * Simulated time against real time: a day passes in a minute, so that nearly every look finds something new, the first of a profile as well
 * as the next. That is the dearest case, and that of deadlines: most people who were silent for a week have not been silent since.
 */
export const simulatorSpeed = 1_440;

export interface SimulatorProcess {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The stand-in for X, as a process of its own. */
export async function startSimulatorProcess(): Promise<SimulatorProcess> {
  const port = await freePort();
  const env = {
    SIMULATOR_PORT: String(port),
    SIMULATOR_SPEED: String(simulatorSpeed),
    SIMULATOR_RATE_LIMIT: '0',
    LOG_LEVEL: 'warn',
  };
  const main = fileURLToPath(import.meta.resolve('@app/simulator/main'));
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  const giveUpAt = performance.now() + 30_000;
  while (!(await fetch(url).then(Boolean, () => false))) {
    if (child.exitCode !== null || performance.now() > giveUpAt)
      throw new Error('the simulator did not start');
    await sleep(50);
  }
  return {
    url,
    pid: child.pid as number,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
