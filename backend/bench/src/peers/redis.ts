import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@app/standalone/free-port';
import { Redis } from 'ioredis';
import type { Opened } from './peer.ts';
import { findRedis } from './redis-program.ts';

const startTimeoutMs = 10_000;

/** A Redis with everything it writes in a folder that goes with it. */
export async function startRedis(log: (line: string) => void): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-redis-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const { command, libraries } = await findRedis(folder, log);
    const port = await freePort();
    const server = spawn(command, optionsOf(folder, port), {
      env: { LD_LIBRARY_PATH: libraries },
      stdio: 'ignore',
    });
    server.on('error', () => undefined); // it does not answer then
    const close = async () => {
      await end(server);
      await remove();
    };
    await untilAnswers(server, port).catch(async error => {
      await end(server);
      throw error;
    });
    return { address: `redis://127.0.0.1:${port}`, close };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** docs.bullmq.io, "Going to production": an append-only file synced every second, and nothing is ever evicted. */
function optionsOf(folder: string, port: number): string[] {
  const persistence = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''];
  const place = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder];
  return [...place, ...persistence, '--maxmemory-policy', 'noeviction'];
}

async function untilAnswers(server: ChildProcess, port: number): Promise<void> {
  const redis = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 50 });
  redis.on('error', () => undefined);
  const answered = redis.ping();
  answered.catch(() => undefined);
  try {
    const tooLate = sleep(startTimeoutMs, undefined, { ref: false }).then(() => 'late' as const);
    const ended = once(server, 'exit').then(() => 'ended' as const);
    const first = await Promise.race([answered, tooLate, ended]);
    if (first !== 'PONG') throw new Error('redis-server does not start');
  } finally {
    redis.disconnect();
  }
}

async function end(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  server.kill('SIGKILL'); // what it holds goes with its folder
  await once(server, 'exit');
}
