import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { alertPage } from '@app/contract/alert';
import { profilePage } from '@app/contract/profile';
import { processEnv } from '@app/runtime/env';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type SystemProcess, startSystemProcess } from './system-process.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

let folder: string;
let running: SystemProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'monitor-standalone-'));
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map(system => system.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function start(
  env: Record<string, string> = {},
  args: string[] = ['--port', '0'],
): Promise<SystemProcess> {
  const system = await startSystemProcess([...args, '--data', folder], { CONFIRM_DELAY_MS: '1000', ...env });
  running.push(system);
  return system;
}

async function get(system: SystemProcess, path: string): Promise<unknown> {
  const response = await fetch(system.url + path, { signal: AbortSignal.timeout(10_000) });
  expect(response.status).toBe(200);
  return response.json();
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const giveUpAt = performance.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > giveUpAt) throw new Error(`${what} did not happen within 30 s`);
    await sleep(100);
  }
}

test('a first start shows a demo: profiles, their activity, and alerts', async () => {
  const system = await start();
  expect(await get(system, '/readyz')).toMatchObject({ status: 'ok' });
  const { items } = profilePage.parse(await get(system, '/api/v1/profiles?group=demo&limit=1000'));
  expect(items.length).toBe(200);
  await until('an inactivity alert', async () => {
    const alerts = alertPage.parse(await get(system, '/api/v1/alerts?kind=inactivity'));
    return alerts.items.length > 5 ? alerts : undefined;
  });
  const active = profilePage.parse(await get(system, '/api/v1/profiles?status=active&limit=1000'));
  expect(active.items.length).toBeGreaterThan(20);
});

test('Ctrl-C drains and exits 0, and the next start finds everything as it was', async () => {
  const first = await start();
  await fetch(`${first.url}/api/v1/groups/2`, { method: 'DELETE' });
  const added = await fetch(`${first.url}/api/v1/profiles`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: '4711', threshold: '3d' }),
  });
  expect(added.status).toBe(201);
  expect(await first.stop('SIGINT')).toBe(0);
  const second = await start();
  expect(await get(second, '/api/v1/profiles/4711')).toMatchObject({ id: '4711', threshold: 259_200 });
  expect(second.said()).not.toContain('demo profiles were added');
});

test('Ctrl-C in a terminal, which reaches npm and all its children at once, ends npm start with 0', async () => {
  const npm = spawn('npm', ['start', '--', '--port', '0', '--data', folder], {
    cwd: root,
    detached: true,
    env: processEnv,
  });
  let said = '';
  npm.stdout.on('data', chunk => {
    said += chunk;
  });
  await until('the start', async () => /running at http/.test(said) || undefined);
  process.kill(-(npm.pid as number), 'SIGINT');
  expect(await once(npm, 'exit')).toEqual([0, null]);
});

test('killed hard and started again, it takes its database over and loses nothing', async () => {
  const first = await start();
  const seen = await until('every profile to be looked at', async () => {
    const pending = profilePage.parse(await get(first, '/api/v1/profiles?status=pending'));
    return pending.items.length === 0
      ? profilePage.parse(await get(first, '/api/v1/profiles?limit=1000'))
      : undefined;
  });
  await first.kill();
  const second = await start();
  const again = profilePage.parse(await get(second, '/api/v1/profiles?limit=1000'));
  const lastSeen = new Map(again.items.map(profile => [profile.id, profile.last_activity_at]));
  for (const { id, last_activity_at: before } of seen.items) {
    expect(Date.parse(lastSeen.get(id) ?? '') || 0).toBeGreaterThanOrEqual(Date.parse(before ?? '') || 0);
  }
  expect(await second.stop('SIGTERM')).toBe(0);
});

test('a port in use is one clear line', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => taken.once('listening', resolve));
  const { port } = taken.address() as AddressInfo;
  const failure = await start({}, ['--port', String(port)]).catch((error: Error) => error.message);
  taken.close();
  expect(failure).toMatch(
    new RegExp(`^the system ended at once: twitter-activity-monitor: .*port ${port}.*in use`),
  );
  expect(String(failure).split('\n').length).toBe(1);
});

test('a second instance on the same data is refused, and the first is left alone', async () => {
  const first = await start();
  await expect(start()).rejects.toThrow('another instance is running');
  expect(await get(first, '/readyz')).toMatchObject({ status: 'ok' });
});

test('what the simulator showed is never mixed with the real X, and is left alone', async () => {
  const demo = await start();
  await demo.stop();
  await expect(start({ X_API_URL: 'http://127.0.0.1:9' })).rejects.toThrow(
    /holds what the simulated X showed, and the real X was asked for: use another one/,
  );
  const again = await start();
  expect(await get(again, '/readyz')).toMatchObject({ status: 'ok' });
});

test('data of another major version is refused and left alone', async () => {
  const first = await start();
  await first.stop();
  const version = join(folder, 'postgres', 'PG_VERSION');
  await writeFile(version, '17\n');
  await expect(start()).rejects.toThrow(/was made by PostgreSQL 17, and this is 18/);
  expect(await readFile(version, 'utf8')).toBe('17\n');
});

const broken: [string, Record<string, string>, string[], RegExp][] = [
  [
    'a database address that is none',
    { DATABASE_URL: 'mysql://nowhere' },
    [],
    /DATABASE_URL: must be an address like postgres:\/\//,
  ],
  ['a port out of range', {}, ['--port', '99999'], /PORT: must be at most 65535/],
  [
    'a cron expression that is none',
    { PRODUCER_CRON: 'now and then' },
    [],
    /PRODUCER_CRON: must be a cron expression/,
  ],
  ['X itself without a token', { X_API_URL: 'https://api.x.com' }, [], /X_BEARER_TOKEN/],
  ['an option that does not exist', {}, ['--prot', '1'], /--prot/],
  [
    'a database that does not answer',
    { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
    [],
    /127\.0\.0\.1:1/,
  ],
];

test.each(broken)('%s is one clear line', async (_, env, args, said) => {
  const failure = await start(env, ['--port', '0', ...args]).catch((error: Error) => error.message);
  expect(failure).toMatch(said);
  expect(String(failure).split('\n').length).toBe(1);
});
