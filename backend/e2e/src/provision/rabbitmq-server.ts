import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '@app/standalone/free-port';
import { run, withEnv } from './command.ts';
import type { ProvidedRabbitMq } from './provided-rabbitmq.ts';
import { untilAnswers } from './until-answers.ts';

const startTimeoutMs = 60_000;

/**
 * Debian's own script comes first: the one in /usr/sbin insists on being root or the user `rabbitmq`, and on the
 * machine's /var/lib/rabbitmq; this one runs as anybody, anywhere. `sbin` is often not on the path of a user.
 */
const places = [
  '/usr/lib/rabbitmq/bin',
  '/opt/homebrew/sbin',
  '/usr/local/sbin',
  '/opt/rabbitmq/sbin',
  '/usr/sbin',
];

/** The `rabbitmq-server` of this machine, if it has one. */
export async function findServer(): Promise<string | undefined> {
  const known = places.map(place => join(place, 'rabbitmq-server')).find(existsSync);
  return known ?? (await onPath('rabbitmq-server'));
}

/** Starts a server of our own: own ports, own node name, own name service, everything it writes in a folder that goes with it. */
export async function startServer(command: string): Promise<ProvidedRabbitMq> {
  const folder = await mkdtemp(join(tmpdir(), 'rabbitmq-'));
  const { env, port } = await privateEnv(folder);
  const epmd = launch(
    await epmdCommand(),
    ['-port', String(env.ERL_EPMD_PORT), '-address', '127.0.0.1'],
    env,
    folder,
  );
  const server = launch(command, [], env, folder);
  const guard = guardOver([server, epmd], folder);
  const stop = () => end([guard, server, epmd], folder);
  try {
    const url = `amqp://guest:guest@127.0.0.1:${port}`;
    const version = await untilAnswers(url, startTimeoutMs, server.ending);
    const ctl = join(dirname(command), 'rabbitmqctl');
    return {
      url,
      how: `RabbitMQ ${version} from ${command}`,
      control: { kind: 'server', ctl, env },
      stop: async () => stop(),
    };
  } catch (error) {
    stop();
    throw error;
  }
}

async function privateEnv(folder: string): Promise<{ env: Record<string, string>; port: number }> {
  const [port, distPort, epmdPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const config = join(folder, 'rabbitmq.conf');
  const plugins = join(folder, 'enabled_plugins');
  const settings = join(folder, 'rabbitmq-env.conf');
  // A disk that is nearly full is no reason to refuse messages of a test.
  await writeFile(config, `listeners.tcp.local = 127.0.0.1:${port}\ndisk_free_limit.absolute = 10MB\n`);
  await writeFile(plugins, '[].\n');
  await writeFile(settings, ''); // in place of /etc/rabbitmq/rabbitmq-env.conf
  const env = {
    HOME: folder, // the Erlang cookie
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `test-${randomUUID().slice(0, 8)}@localhost`,
    RABBITMQ_USE_LONGNAME: 'false',
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_BASE: folder,
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'generated'),
    RABBITMQ_CONFIG_FILE: config,
    RABBITMQ_CONF_ENV_FILE: settings,
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
  };
  return { env, port };
}

interface Launched {
  child: ChildProcess;
  /** How it ended, if it has. */
  ending(): string | undefined;
}

/** Ends the servers when this process is gone, however it went: its end of the pipe is closed then. */
function guardOver(launched: Launched[], folder: string): Launched {
  const script = 'cat >/dev/null; for id in $2 $3; do kill -s KILL -- "-$id"; done; rm -rf "$1"';
  const groups = launched.map(({ child }) => String(child.pid));
  const child = spawn('sh', ['-c', script, 'guard', folder, ...groups], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => undefined); // without it, only a crash of the tests leaves the servers behind
  return { child, ending: () => undefined };
}

/** In a process group of its own, so that everything it starts can be ended with it. */
function launch(command: string, args: string[], env: Record<string, string>, cwd: string): Launched {
  const child = spawn('env', withEnv(env, command, args), {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let ended: string | undefined;
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-2_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.on('error', error => {
    ended = `${command} does not start: ${error.message}`;
  });
  child.on('exit', code => {
    ended = `${command} ended with ${code}: ${output.trim()}`;
  });
  return { child, ending: () => ended };
}

/** Killed, not asked: what it holds goes with its folder. */
function end(launched: Launched[], folder: string): void {
  for (const { child } of launched) {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // ended already
    }
    child.unref();
    child.stdin?.destroy();
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** Erlang's name service lies in Erlang's own folder, not always on the path. */
async function epmdCommand(): Promise<string> {
  const found =
    (await onPath('epmd')) ?? ['/usr/lib/erlang/bin/epmd', '/opt/homebrew/bin/epmd'].find(existsSync);
  if (found) return found;
  const ask =
    'io:put_chars(filename:join([code:root_dir(),"erts-"++erlang:system_info(version),"bin","epmd"])),halt().';
  return (await run('erl', ['-noshell', '-eval', ask], { timeoutMs: 20_000 })).trim();
}

async function onPath(command: string): Promise<string | undefined> {
  try {
    return (await run('sh', ['-c', `command -v ${command}`], { timeoutMs: 5_000 })).trim();
  } catch {
    return undefined;
  }
}
