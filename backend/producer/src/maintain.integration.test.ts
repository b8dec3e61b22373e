import { leadMaintenance, markSucceeded, readMaintenance } from '@app/database/maintenance';
import { createPool, type Pool } from '@app/database/pool';
import { growOlder, partitionsOf } from '@app/database/test/old-database';
import { cloneDatabase, type TestDatabase } from '@app/database/test/test-database';
import { readEnv } from '@app/runtime/env';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { guardSettings } from './guard-settings.ts';
import { type Maintaining, type Maintenance, startMaintenance } from './maintain.ts';
import { createMaintenanceMetrics } from './maintenance-metrics.ts';
import { maintenanceSettings } from './maintenance-settings.ts';

const hour = 3_600_000;
const allSteps = ['activities', 'activity_days', 'alert_days', 'alerts', 'partitions', 'roll_ups', 'source'];

let database: TestDatabase;
let pool: Pool;
let registry: Registry;
let said: { level: string; fields: Record<string, unknown>; text: string }[];
let stopping: AbortController;

beforeEach(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
  said = [];
  stopping = new AbortController();
});

afterEach(async () => {
  await pool.end();
  await database.drop();
});

function maintaining(env: Record<string, string> = {}): Maintaining {
  registry = new Registry();
  const say = (level: string) => (fields: object, text: string) =>
    void said.push({ level, fields: { ...fields }, text });
  return {
    pool,
    settings: readEnv({ ...maintenanceSettings, ...guardSettings }, env),
    metrics: createMaintenanceMetrics(registry),
    log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
  };
}

const start = (env?: Record<string, string>): Promise<Maintenance> =>
  startMaintenance(maintaining(env), stopping.signal);
const succeeded = async () => (await readMaintenance(pool)).map(({ step }) => step).sort();
const total = async () =>
  (await pool.query('SELECT sum(activities)::int AS all FROM activity_days WHERE group_id = 0')).rows[0].all;

async function addActivities(profiles: number): Promise<void> {
  await pool.query('INSERT INTO profiles (profile_id) SELECT generate_series(1, $1::integer)', [profiles]);
  await pool.query(
    `INSERT INTO activities (profile_id, occurred_at, kind) SELECT generate_series(1, $1::integer), now(), 'post'`,
    [profiles],
  );
}

test('the months ahead are there before the first check is published', async () => {
  await growOlder(pool, 0);
  const [, ...months] = await partitionsOf(pool, 'activities');
  await pool.query(`DROP TABLE ${months.slice(1).join(', ')}`);
  await start();
  expect(await partitionsOf(pool, 'activities')).toEqual(['activities_earlier', ...months]);
  expect(said).toMatchObject([{ level: 'info', fields: { made: 3 } }]);
});

test('a night does everything, says what it threw away, and shows when it succeeded', async () => {
  await growOlder(pool, 16);
  await addActivities(3);
  await pool.query(`INSERT INTO source_minutes (minute) VALUES (now() - interval '31 days'), (now())`);
  const before = (await partitionsOf(pool, 'activities')).length;
  await (await start()).nightly();
  expect(await succeeded()).toEqual(allSteps);
  expect(await total()).toBe(3);
  expect((await pool.query('SELECT FROM source_minutes')).rowCount).toBe(1);
  const dropped = before - (await partitionsOf(pool, 'activities')).length;
  expect(dropped).toBeGreaterThanOrEqual(2);
  expect(said).toEqual([
    { level: 'info', fields: { step: 'activities', monthsDropped: dropped }, text: 'maintenance' },
  ]);
  const shown = await registry.metrics();
  for (const step of allSteps) {
    const at = shown.match(`maintenance_last_success_timestamp_seconds\\{step="${step}"\\} (\\d+)`)?.[1];
    expect(Math.abs(Date.now() / 1_000 - Number(at)), step).toBeLessThan(60);
  }
});

describe('of two producers', () => {
  test('one does the work; the other says so where only who asks for details hears it', async () => {
    await addActivities(1);
    const { promise: done, resolve: end } = Promise.withResolvers<void>();
    const { promise: led, resolve: begin } = Promise.withResolvers<void>();
    const other = leadMaintenance(pool, async () => {
      begin();
      await done;
    });
    await led;
    const maintenance = await start();
    await maintenance.nightly();
    expect([await succeeded(), said.map(({ level }) => level)]).toEqual([[], ['debug']]);
    end();
    await other;
    await maintenance.nightly();
    expect(await succeeded()).toEqual(allSteps);
  });

  test('that come at once, one does it all and nothing is counted twice', async () => {
    await addActivities(4_000);
    const both = [await start(), await start()];
    await Promise.all(both.map(one => one.nightly()));
    expect(await total()).toBe(4_000);
    expect(said.map(({ level }) => level)).toEqual(['debug']);
  });

  test('the one that comes after goes on where the other was stopped', async () => {
    await addActivities(4_000);
    const first = await start();
    void first.nightly();
    const progress = async () =>
      Number((await pool.query('SELECT after_profile FROM roll_ups')).rows[0]?.after_profile ?? 0);
    await expect.poll(progress, { interval: 1, timeout: 10_000 }).toBeGreaterThan(0);
    stopping.abort();
    await first.inHand();
    const left = await progress();
    expect(left).toBeGreaterThanOrEqual(1_000);
    expect(said).toEqual([]);
    stopping = new AbortController();
    // What the first counted is not counted again.
    await pool.query('DELETE FROM activities WHERE profile_id <= 10');
    await (await start()).nightly();
    expect(await total()).toBe(4_000);
  });
});

describe('what fails', () => {
  test('is said and counted, does not keep the rest from its work, and is done at the next time', async () => {
    await addActivities(1);
    await pool.query(
      `INSERT INTO alerts (profile_id, kind, became_true_at, suspected_at, confirmed_at, threshold_s, grace_s)
       VALUES (1, 'suspended', now(), now(), now(), 1, 1);
       ALTER TABLE alert_days ADD CONSTRAINT broken CHECK (false)`,
    );
    const maintenance = await start();
    await maintenance.nightly();
    expect(await succeeded()).toEqual(allSteps.filter(step => step !== 'alert_days' && step !== 'alerts'));
    expect(said).toMatchObject([
      { level: 'error', fields: { step: 'alert_days' }, text: expect.stringMatching(/trying again/) },
    ]);
    expect(await registry.metrics()).toMatch('maintenance_failures_total{step="alert_days"} 1');
    await pool.query('ALTER TABLE alert_days DROP CONSTRAINT broken');
    await maintenance.hourly();
    expect(await succeeded()).toEqual(allSteps);
  });

  test('because the connection is lost ends the run with one line, and the next goes on', async () => {
    await addActivities(4_000);
    const maintenance = await start();
    const night = maintenance.nightly();
    const leader = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'maintenance' AND datname = current_database() AND EXISTS (SELECT FROM roll_ups)`;
    await expect
      .poll(async () => (await pool.query(leader)).rowCount, { interval: 1, timeout: 10_000 })
      .toBe(1);
    await night;
    expect(said.map(({ level, text }) => [level, text])).toEqual([
      ['error', expect.stringMatching(/goes on at its next time/)],
    ]);
    await maintenance.nightly();
    expect([await total(), await succeeded()]).toEqual([4_000, allSteps]);
  });

  test('because the database is gone ends nothing else', async () => {
    const gone = createPool({
      url: 'postgres://nobody@127.0.0.1:1/none',
      name: 'test',
      onError: () => undefined,
    });
    const maintenance = await startMaintenance({ ...maintaining(), pool: gone }, stopping.signal);
    await maintenance.nightly();
    await maintenance.hourly();
    expect(said.map(({ level }) => level)).toEqual(['error', 'error', 'error']);
    await gone.end();
  });
});

describe('an hour', () => {
  const agoOf = async () =>
    Object.fromEntries((await readMaintenance(pool)).map(({ step, agoMs }) => [step, agoMs]));
  /** As if a step had succeeded so long ago, and taken so long. */
  const succeed = async (step: string, agoMs: number, busyMs: number) => {
    await markSucceeded(pool, step, Date.now(), busyMs);
    await pool.query(
      `UPDATE maintenance SET succeeded_at = succeeded_at - $2 * interval '1 millisecond' WHERE step = $1`,
      [step, agoMs],
    );
  };

  test('does what was never done, or not for more than a day', async () => {
    for (const step of allSteps) await succeed(step, 24 * hour, 10);
    await succeed('activities', 25 * hour, 10);
    await pool.query(`DELETE FROM maintenance WHERE step = 'source'`);
    await (await start()).hourly();
    const ago = await agoOf();
    const fresh = Object.keys(ago).filter(step => (ago[step] ?? 0) < hour);
    expect(fresh.sort()).toEqual(['activities', 'activity_days', 'alert_days', 'source']);
  });

  test('counts, unless counting would take more than a hundredth of the time', async () => {
    const maintenance = await start();
    await succeed('activity_days', hour, 35_000);
    await succeed('alert_days', hour, 37_000);
    await maintenance.hourly();
    const ago = await agoOf();
    expect(ago.activity_days).toBeLessThan(hour / 2);
    expect(ago.alert_days).toBeGreaterThanOrEqual(hour);
  });
});

test.each([
  ['RETENTION_DAYS', '99'],
  ['RETENTION_DAYS', '-1'],
  ['RETENTION_DAYS', 'ever'],
  ['ALERT_RETENTION_DAYS', '29'],
  ['ROLL_UP_RETENTION_DAYS', '1.5'],
  ['ROLL_UP_CRON', 'now and then'],
  ['MAINTENANCE_CRON', '61 3 * * *'],
])('a wrong %s (%s) is refused', (name, value) => {
  expect(() => maintaining({ [name]: value })).toThrow(new RegExp(name));
});

test.each([
  ['RETENTION_DAYS', '0'],
  ['RETENTION_DAYS', '100'],
  ['ALERT_RETENTION_DAYS', '30'],
  ['ROLL_UP_RETENTION_DAYS', '36500'],
])('%s may be %s', (name, value) => {
  expect(maintaining({ [name]: value }).settings).toMatchObject({ [name]: Number(value) });
});
