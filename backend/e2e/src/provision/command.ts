import { spawn } from 'node:child_process';

interface CommandOptions {
  timeoutMs: number;
  /** Added to the environment this process has. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
}

/** The end of the output is what explains a failure; more is never kept. */
const keptCharacters = 4_000;

/** `command args`, with variables added to the inherited environment by env(1). */
export function withEnv(
  env: Readonly<Record<string, string>>,
  command: string,
  args: readonly string[],
): string[] {
  return [...Object.entries(env).map(([name, value]) => `${name}=${value}`), command, ...args];
}

/** Runs a command to its end: what it printed, or an error with what it printed. */
export function run(command: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn('env', withEnv(options.env ?? {}, command, args), {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: options.cwd ?? '/',
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-keptCharacters);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.on('error', reject);
  child.on('close', (code, signal) => {
    const line = [command, ...args].join(' ');
    const ending = signal ? `was ended after ${options.timeoutMs} ms` : `ended with ${code}`;
    if (code === 0) resolve(output);
    else reject(new Error(`\`${line}\` ${ending}: ${output.trim()}`));
  });
  return promise;
}
