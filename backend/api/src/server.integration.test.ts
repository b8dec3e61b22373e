import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cloneDatabase } from '@app/database/test/test-database';
import { describe, expect, test } from 'vitest';
import { PortError, startApi } from './server.ts';

const host = '127.0.0.1';

describe('closing', () => {
  test('finishes what is in hand and takes nothing new', async () => {
    const { promise: began, resolve } = Promise.withResolvers<void>();
    const api = await startApi({
      app: (_, response) => {
        resolve();
        setTimeout(() => response.end('done'), 300);
      },
      host,
      port: 0,
    });
    const inHand = fetch(`http://${host}:${api.port}`);
    await began;
    const closing = api.close();
    await expect(fetch(`http://${host}:${api.port}`)).rejects.toThrow();
    expect(await (await inHand).text()).toBe('done');
    await closing;
  });

  test('cuts what takes longer than the limit, and what says nothing', async () => {
    const api = await startApi({ app: () => undefined, host, port: 0, drainMs: 200 });
    const hanging = fetch(`http://${host}:${api.port}`).catch(() => 'cut');
    const silent = connect(api.port, host);
    const closed = once(silent, 'close');
    await sleep(50);
    const began = performance.now();
    await api.close();
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await hanging).toBe('cut');
    await closed;
  });
});

test('a port in use gives one clear error that names it', async () => {
  const other = createServer().listen(0, host);
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(startApi({ app: () => undefined, host, port })).rejects.toThrow(PortError);
  await expect(startApi({ app: () => undefined, host, port })).rejects.toThrow(
    `port ${port} on ${host} is in use`,
  );
  other.close();
});

describe('the process', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  async function run(env: Record<string, string>, ready?: (port: number) => Promise<void>) {
    const child = spawn(process.execPath, [main], {
      env,
      timeout: 20_000,
    });
    let errors = '';
    child.stderr.on('data', async data => {
      errors += data;
      const port = /"port":(\d+).*listening/.exec(errors)?.[1];
      if (!port || !ready) return;
      const check = ready;
      ready = undefined;
      await check(Number(port)).catch(error => (errors += error));
      child.kill('SIGTERM');
    });
    const [code] = await once(child, 'exit');
    return { code, errors };
  }

  test('starts, answers, and stops on SIGTERM with code 0', async () => {
    const database = await cloneDatabase();
    const answers: number[] = [];
    const { code, errors } = await run({ DATABASE_URL: database.url, PORT: '0' }, async port => {
      for (const path of ['/livez', '/readyz', '/metrics', '/api/v1/profiles'])
        answers.push((await fetch(`http://${host}:${port}${path}`)).status);
    });
    expect(answers, errors).toEqual([200, 200, 200, 200]);
    expect(code, errors).toBe(0);
    await database.drop();
  });

  test.each([
    [{}, /^api: wrong settings: DATABASE_URL: .*\n$/],
    [{ DATABASE_URL: 'mysql://x', PORT: 'http' }, /^api: wrong settings: DATABASE_URL: .*; PORT: .*\n$/],
    [{ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' }, /^api: .*ECONNREFUSED.*\n$/],
  ])('with %j ends with code 1 and one line', async (env, line) => {
    const { code, errors } = await run(env as Record<string, string>);
    expect(errors).toMatch(line);
    expect(code).toBe(1);
  });
});
