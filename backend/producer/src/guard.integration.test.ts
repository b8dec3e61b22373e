import { setTimeout as sleep } from 'node:timers/promises';
import { createPool, type Pool } from '@app/database/pool';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import { readEnv } from '@app/runtime/env';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Guard, startGuard } from './guard.ts';
import { createGuardMetrics } from './guard-metrics.ts';
import { guardSettings } from './guard-settings.ts';

let database: TestDatabase;
let pool: Pool;
let said: string[];

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

beforeEach(async () => {
  await pool.query('TRUNCATE profiles, source_minutes, incidents CASCADE');
  await pool.query('DELETE FROM source_state');
  await pool.query('INSERT INTO source_state DEFAULT VALUES');
  said = [];
});

function guard(env: Record<string, string> = {}): Guard {
  const say = (_: object, text: string) => void said.push(text);
  return {
    pool,
    settings: readEnv(guardSettings, { GUARD_MINUTE_MS: '200', ...env }),
    metrics: createGuardMetrics(new Registry()),
    log: { debug: say, info: say, warn: say, error: say },
  };
}

async function state() {
  return (await pool.query('SELECT * FROM source_state')).rows[0];
}

test('after a downtime nothing is trusted until X has answered for a while', async () => {
  await pool.query(`UPDATE source_state SET last_ok_at = now() - interval '1 hour'`);
  const assess = await startGuard(guard());
  expect(await state()).toMatchObject({
    health: 'recovering',
    reasons: [expect.stringMatching(/nobody looked/)],
  });
  await sleep(250);
  await assess();
  expect((await state()).health).toBe('recovering');
  await pool.query('UPDATE source_state SET last_ok_at = clock_timestamp()');
  await assess();
  expect(await state()).toMatchObject({ health: 'normal', reasons: [], minute_ms: 200 });
});

test('the first start of all trusts X, and so does one after a short stop', async () => {
  await startGuard(guard());
  expect((await state()).health).toBe('normal');
  await pool.query(`UPDATE source_state SET last_ok_at = now() - interval '1 minute'`);
  await startGuard(guard());
  expect((await state()).health).toBe('normal');
});

test('an X that wants to be paid first is one incident, which closes when it answers again', async () => {
  const assess = await startGuard(guard());
  await pool.query(`UPDATE source_state SET failing_since = now(), failing_as = 'out_of_credit'`);
  await sleep(450);
  await assess();
  await assess();
  const { rows } = await pool.query('SELECT reasons, closed_at FROM incidents');
  expect(rows).toEqual([{ reasons: [expect.stringMatching(/out_of_credit/)], closed_at: null }]);
  expect(said).toEqual(['X cannot be trusted: alerts are held']);
  for (let i = 0; i < 3; i++) {
    await pool.query('UPDATE source_state SET failing_since = NULL, last_ok_at = clock_timestamp()');
    await assess();
    await sleep(250);
  }
  expect((await pool.query('SELECT FROM incidents WHERE closed_at IS NOT NULL')).rowCount).toBe(1);
  expect((await state()).health).toBe('normal');
});

test('a database that is gone stops nothing: it is said, and tried again', async () => {
  const broken = createPool({
    url: 'postgres://nobody@127.0.0.1:1/none',
    name: 'test',
    onError: () => undefined,
  });
  const assess = await startGuard({ ...guard(), pool: broken });
  await assess();
  expect(said.length).toBe(2);
  await broken.end();
});

test.each([
  ['GUARD_WATERMARK', 'sometimes'],
  ['GUARD_POSTERS', '0'],
  ['GUARD_CRON', 'now and then'],
  ['GUARD_MINUTE_MS', '-1'],
])('a wrong %s is refused', (name, value) => {
  expect(() => guard({ [name]: value })).toThrow(new RegExp(name));
});
