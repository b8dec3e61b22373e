import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../free-port.ts';
import { commandAs } from './account.ts';
import { PostgresError } from './binaries.ts';
import { type Cluster, databaseName, prepareCluster, urlOf } from './cluster.ts';

export interface EmbeddedPostgres {
  /** The address of the database `monitor`. */
  readonly url: string;
  /** Whether a server that an earlier, killed process left behind was taken over. */
  readonly adopted: boolean;
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** The folder that holds the cluster, its password and its log; made when missing. */
  readonly folder: string;
  /** Server settings by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

const startTimeoutMs = 30_000;
const stopTimeoutMs = 20_000;
/** Held by the process that owns the folder; freed by PostgreSQL itself when that process dies. */
const ownerLock = 7_214_002;

/** Starts PostgreSQL on a folder of its own, on a free port of 127.0.0.1 with a random password. Data is kept between starts. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const cluster = await prepareCluster(resolve(options.folder));
  const orphan = await adoptOrphan(cluster);
  const running = orphan ?? (await launch(cluster, options.settings ?? {}));
  try {
    const owner = await takeOwnership(cluster, running.port);
    return {
      url: urlOf(cluster, running.port),
      adopted: orphan !== null,
      stop: () => stop(running.pid, owner),
    };
  } catch (error) {
    if (orphan === null) await signalAndWait(running.pid);
    throw error;
  }
}

/** A server whose starter was killed goes on running: taking it over is quicker than stopping it, and loses nothing. */
async function adoptOrphan(cluster: Cluster): Promise<{ pid: number; port: number } | null> {
  const lines = await readFile(join(cluster.data, 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid, , , port] = lines.split('\n').map(Number);
  if (!pid || !port || !isAlive(pid)) return null;
  for (let attempt = 0; attempt < 20 && isAlive(pid); attempt++) {
    if (await answers(cluster, port)) return { pid, port };
    await sleep(100);
  }
  return null;
}

async function launch(
  cluster: Cluster,
  settings: Readonly<Record<string, string>>,
): Promise<{ pid: number; port: number }> {
  const port = await freePort();
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const args = ['-D', cluster.data, '-p', String(port), ...flags];
  const command = await commandAs(cluster.account, cluster.binaries.postgres, args, cluster.needsOverride);
  const log = await open(cluster.logFile, 'w');
  // A session of its own: Ctrl-C in the terminal is for us, and the database stays until our work in hand is written.
  const child = spawn(command.file, command.args, {
    ...command.identity,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  child.once('error', () => undefined);
  child.unref();
  await log.close();
  await untilReady(cluster, child, port);
  return { pid: child.pid as number, port };
}

async function untilReady(cluster: Cluster, child: ChildProcess, port: number): Promise<void> {
  const giveUpAt = performance.now() + startTimeoutMs;
  while (performance.now() < giveUpAt) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) break;
    if (await answers(cluster, port)) return;
    await sleep(30);
  }
  if (child.pid !== undefined && child.exitCode === null) child.kill('SIGQUIT');
  const lines = (await readFile(cluster.logFile, 'utf8').catch(() => '')).trim().split('\n');
  const reason = lines.findLast(line => /FATAL|PANIC|ERROR/.test(line)) ?? lines.at(-1) ?? '';
  throw new PostgresError(
    `PostgreSQL did not start in ${cluster.data}: ${reason.replace(/^.*?(FATAL|PANIC|ERROR): */, '')}`,
  );
}

async function answers(cluster: Cluster, port: number): Promise<boolean> {
  const client = new pg.Client({
    connectionString: urlOf(cluster, port, 'postgres'),
    connectionTimeoutMillis: 2_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** One instance per folder. The lock of a process that was just killed is freed within moments, so a refusal is final only after 3 s. */
async function takeOwnership(cluster: Cluster, port: number): Promise<pg.Client> {
  const owner = new pg.Client({
    connectionString: urlOf(cluster, port, 'postgres'),
    application_name: 'owner',
  });
  owner.on('error', () => undefined);
  await owner.connect();
  try {
    for (let attempt = 0; !(await tryLock(owner)); attempt++) {
      if (attempt === 30)
        throw new PostgresError(
          `another instance is running on ${cluster.data}: stop it, or use --data with another folder`,
        );
      await sleep(100);
    }
    const { rowCount } = await owner.query('SELECT 1 FROM pg_database WHERE datname = $1', [databaseName]);
    if (rowCount === 0) await owner.query(`CREATE DATABASE ${databaseName}`);
    return owner;
  } catch (error) {
    await owner.end();
    throw error;
  }
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
    ownerLock,
  ]);
  return rows[0]?.locked === true;
}

async function stop(pid: number, owner: pg.Client): Promise<void> {
  await owner.end().catch(() => undefined);
  await signalAndWait(pid);
}

/** SIGINT is PostgreSQL's fast shutdown: it ends connections, writes a checkpoint and exits. */
async function signalAndWait(pid: number): Promise<void> {
  signal(pid, 'SIGINT');
  const giveUpAt = performance.now() + stopTimeoutMs;
  while (isAlive(pid) && performance.now() < giveUpAt) await sleep(20);
  if (isAlive(pid)) signal(pid, 'SIGQUIT');
}

function signal(pid: number, name: NodeJS.Signals): void {
  if (isAlive(pid)) process.kill(pid, name);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
