import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { run } from './command.ts';
import type { Say } from './provided-rabbitmq.ts';

const policy = '/usr/sbin/policy-rc.d';
const installTimeoutMs = 600_000;
const options = [
  '-o',
  'Acquire::http::Timeout=30',
  '-o',
  'Acquire::Retries=2',
  '-o',
  'DPkg::Lock::Timeout=120',
];

/** Installs Debian's package rabbitmq-server, without leaving its service running. */
export async function installServer(say: Say): Promise<void> {
  if (!existsSync('/etc/debian_version')) throw new Error('this is neither Debian nor Ubuntu');
  if (process.getuid?.() !== 0) throw new Error('not root');
  say('installing the package rabbitmq-server (about 70 MB with Erlang); its service is not left running');
  await apt('update');
  const ours = await forbidServices();
  try {
    await apt('install', '-y', '--no-install-recommends', 'rabbitmq-server');
  } finally {
    if (ours) await rm(policy, { force: true });
  }
  if (!ours) await stopService();
}

function apt(...args: string[]): Promise<string> {
  return run('apt-get', [...options, ...args], {
    timeoutMs: installTimeoutMs,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
}

/** Debian asks this file whether an installed service may start; 101 means no. A policy that is there already stays. */
async function forbidServices(): Promise<boolean> {
  try {
    await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

async function stopService(): Promise<void> {
  await run('invoke-rc.d', ['rabbitmq-server', 'stop'], { timeoutMs: 60_000 }).catch(() => undefined);
}
