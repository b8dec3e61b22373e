import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The whole system as a process of its own, as `npm start` runs it. */
export interface SystemProcess {
  readonly url: string;
  /** What it has said so far, on both outputs. */
  said(): string;
  /** The hard way: nothing is drained. */
  kill(): Promise<void>;
  /** The orderly way. Answers the exit code, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

const main = fileURLToPath(import.meta.resolve('@app/standalone/main'));
const startTimeoutMs = 60_000;
const mostKept = 1_000_000;

/** Starts it and waits until it is ready. `env` is all the environment it gets, besides the path. */
export async function startSystemProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<SystemProcess> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const exited = once(child, 'exit').then(
    ([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null,
  );
  const giveUpAt = performance.now() + startTimeoutMs;
  while (!/running at http/.test(output())) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the system ended at once: ${output().trim()}`);
    if (performance.now() > giveUpAt) {
      child.kill('SIGKILL');
      throw new Error(`the system did not start within ${startTimeoutMs / 1_000} s: ${output().trim()}`);
    }
    await sleep(20);
  }
  const url = (/running at (\S+)/.exec(output())?.[1] ?? '').replace('localhost', '127.0.0.1');
  return {
    url,
    said: output,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  const keep = (chunk: Buffer) => {
    text = (text + chunk).slice(-mostKept);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => text;
}
