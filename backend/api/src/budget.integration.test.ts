import { budget } from '@app/contract/budget';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './test/test-api.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(() => api.stop());

beforeEach(async () => {
  await api.empty();
  await api.pool.query('DELETE FROM budget; INSERT INTO budget DEFAULT VALUES; TRUNCATE spend');
});

const show = async () => budget.parse((await api.call('GET', '/api/v1/budget')).body);

describe('GET /api/v1/budget', () => {
  test('of a new instance shows X limit and list price, and nothing spent', async () => {
    expect(await show()).toMatchObject({
      settings: { calls: 300, window: 900, burst: 1, pricing: 'per_user', price: 0.01, daily_cap: null },
      state: 'open',
      blocked: null,
      rate: { window: null },
      today: { calls: 0, dollars: 0, reserved: 0, left: null, projected: 0 },
      groups: [],
    });
    expect((await show()).rate.per_second).toBeCloseTo(1 / 3, 5);
  });

  test('shows what was spent by group, what is left, and where it leads', async () => {
    await api.pool.query(
      `INSERT INTO spend SELECT (now() AT TIME ZONE 'UTC')::date, g, 1.5, 200, 2000000 FROM unnest('{1,0}'::int[]) g`,
    );
    await api.pool.query(`UPDATE budget SET day_used = 5000000, month_used = 6000000, daily_cap = 20000000`);
    const shown = await show();
    expect(shown.today).toMatchObject({ calls: 3, users: 400, dollars: 4, reserved: 1, left: 15 });
    expect(shown.today.projected).toBeGreaterThanOrEqual(4);
    expect(shown.month.projected).toBeGreaterThanOrEqual(shown.today.projected);
    expect(shown.groups.map(({ id, name }) => ({ id, name }))).toEqual([
      { id: null, name: null },
      { id: 1, name: 'default' },
    ]);
  });

  test('says that freshness has stopped, and when everything has, until when and why', async () => {
    await api.pool.query('UPDATE budget SET daily_cap = 1000000, day_used = 900000');
    expect((await show()).state).toBe('fresh_stopped');
    await api.pool.query('UPDATE budget SET day_used = 1000000');
    const spentOut = await show();
    expect(spentOut).toMatchObject({ state: 'blocked', blocked: { reason: 'daily_cap' } });
    expect(spentOut.blocked?.until).toBe(spentOut.today.ends_at);
    await api.pool.query(
      `UPDATE budget SET blocked_reason = 'out_of_credit', blocked_since = now(), blocked_until = now() + interval '1 minute'`,
    );
    expect(await show()).toMatchObject({ state: 'blocked', blocked: { reason: 'out_of_credit' } });
  });
});

describe('PUT /api/v1/budget', () => {
  test('changes what is named and leaves the rest', async () => {
    const change = { calls: 10, window: 1, price: 0.005, daily_cap: 12.5, freshness_k: 7_200 };
    const { status, body } = await api.call('PUT', '/api/v1/budget', change);
    expect(status).toBe(200);
    expect(budget.parse(body)).toMatchObject({
      settings: { calls: 10, window: 1, price: 0.005, daily_cap: 12.5, pricing: 'per_user' },
      freshness_k: 7_200,
    });
    await api.call('PUT', '/api/v1/budget', { daily_cap: null, pricing: 'per_request' });
    expect((await show()).settings).toMatchObject({ daily_cap: null, pricing: 'per_request', price: 0.005 });
  });

  test.each([
    ['/price', { price: -0.01 }],
    ['/price', { price: 1_001 }],
    ['/daily_cap', { daily_cap: -1 }],
    ['/monthly_cap', { monthly_cap: 1e12 }],
    ['/freshness_k', { freshness_k: 0 }],
    ['/freshness_k', { freshness_k: 1e9 }],
    ['/calls', { calls: 0.5 }],
    ['/window', { window: 0 }],
    ['/burst', { burst: 0 }],
    ['/pricing', { pricing: 'free' }],
    ['/fresh_percent', { fresh_percent: 101 }],
    ['/currency', { currency: 'EUR', calls: 5 }],
    ['', {}],
  ])('refuses what makes no sense, and names %s', async (pointer, change) => {
    const { status, body } = await api.call('PUT', '/api/v1/budget', change);
    expect(status).toBe(422);
    expect((body as { errors: { pointer: string }[] }).errors.map(error => error.pointer)).toEqual([pointer]);
    expect((await show()).settings.calls).toBe(300);
  });
});
