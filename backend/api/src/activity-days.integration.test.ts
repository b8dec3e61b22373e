import { profileDays, totalDays } from '@app/contract/activity-days';
import { alertKinds } from '@app/contract/alert';
import { rollUpAlerts } from '@app/database/alert-days';
import { leadMaintenance, markSucceeded, workOn } from '@app/database/maintenance';
import { activityDaysStep, rollUpRecent } from '@app/database/roll-up';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './test/test-api.ts';

const oneDay = 86_400_000;
const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);
const today = dayOf(Date.now());
const yesterday = dayOf(Date.now() - oneDay);
const none = { post: 0, like: 0, follow: 0, profile_change: 0 };
const noAlerts = Object.fromEntries(alertKinds.map(kind => [kind, 0]));

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.call('POST', '/api/v1/groups', { name: 'News', threshold: '7d', grace: '1d' });
  await api.call('POST', '/api/v1/profiles', [{ id: '1', group: 'News' }, { id: '2' }]);
  await api.pool.query(
    `INSERT INTO activities (profile_id, occurred_at, kind)
     SELECT 1, ($1::date + t::time) AT TIME ZONE 'UTC', 'post'::activity_kind FROM unnest(ARRAY['00:00', '12:00', '23:59:59.999999']) AS t
     UNION ALL SELECT 1, ($1::date + time '08:00') AT TIME ZONE 'UTC', 'like'
     UNION ALL SELECT 2, ($2::date + time '00:00') AT TIME ZONE 'UTC', 'follow'
     UNION ALL SELECT 1, '2025-03-01T10:00:00Z', 'post'`,
    [yesterday, today],
  );
  await api.pool.query(
    `INSERT INTO alerts (profile_id, kind, became_true_at, suspected_at, confirmed_at, threshold_s, grace_s)
     VALUES (2, 'suspended', now(), now(), now(), 1, 1)`,
  );
});
afterAll(() => api.stop());

const get = (path: string) => api.call('GET', path);

describe('the days of a profile', () => {
  const days = async (query = '') => {
    const { status, body } = await get(`/api/v1/profiles/1/activity-days${query}`);
    expect(status).toBe(200);
    return profileDays.parse(body);
  };

  test('are those of the last year, with a number for every kind and without empty days', async () => {
    expect(await days()).toEqual({
      from: dayOf(Date.now() - 364 * oneDay),
      to: today,
      days: [{ day: yesterday, activities: { ...none, post: 3, like: 1 } }],
    });
  });

  test('begin and end where they are asked to', async () => {
    expect((await days('?from=2025-01-01')).days.map(({ day }) => day)).toEqual(['2025-03-01', yesterday]);
    expect((await days('?to=2025-03-01')).from).toBe('2024-03-02');
    expect((await days(`?from=${today}&to=${today}`)).days).toEqual([]);
    expect((await days('?from=2024-02-29&to=2024-02-29')).days).toEqual([]);
  });

  test('reach beyond what is kept of its activities', async () => {
    await api.pool.query(
      `CREATE TABLE activity_months_202502 PARTITION OF activity_months FOR VALUES FROM ('2025-02-01') TO ('2025-03-01')`,
    );
    await api.pool.query(`INSERT INTO activity_months VALUES (1, '2025-02-01', ARRAY[7 * 256 + 28])`);
    expect((await days('?from=2025-02-01&to=2025-03-31')).days).toEqual([
      { day: '2025-02-28', activities: { ...none, post: 7 } },
      { day: '2025-03-01', activities: { ...none, post: 1 } },
    ]);
  });

  test('of a profile that is not watched are not found', async () => {
    expect((await get('/api/v1/profiles/77/activity-days')).status).toBe(404);
  });
});

describe('the days of all', () => {
  const days = async (query = '') => {
    const { status, body } = await get(`/api/v1/activity-days${query}`);
    expect(status).toBe(200);
    return totalDays.parse(body);
  };

  test('say nothing before they were counted for the first time', async () => {
    expect(await days()).toMatchObject({ as_of: null, days: [] });
  });

  test('hold activities and alerts, of everyone or of a group, and until when they were counted', async () => {
    await leadMaintenance(api.pool, async db => {
      const work = workOn(db, new AbortController().signal);
      await markSucceeded(db, activityDaysStep, await rollUpRecent(work), 1);
      await markSucceeded(db, 'alert_days', await rollUpAlerts(work), 1);
    });
    const all = await days();
    expect(all.days).toEqual([
      {
        day: yesterday,
        activities: { ...none, post: 3, like: 1 },
        alerts_opened: noAlerts,
        alerts_resolved: noAlerts,
      },
      {
        day: today,
        activities: { ...none, follow: 1 },
        alerts_opened: { ...noAlerts, suspended: 1 },
        alerts_resolved: noAlerts,
      },
    ]);
    expect(Math.abs(Date.now() - Date.parse(all.as_of ?? ''))).toBeLessThan(60_000);
    expect((await days('?group=news')).days.map(({ day }) => day)).toEqual([yesterday]);
    expect((await days(`?group=default&from=${today}`)).days).toHaveLength(1);
  });
});

describe.each(['/api/v1/activity-days', '/api/v1/profiles/1/activity-days'])('%s', path => {
  test.each([
    ['from=2026-02-30', 'from'],
    ['to=2026-11-31', 'to'],
    ['from=yesterday', 'from'],
    ['from=0001-01-01', 'from'],
    ['to=20261123', 'to'],
    ['from=2026-01-02&to=2026-01-01', 'from'],
    ['from=2024-01-01&to=2026-03-11', 'from'],
    ['from=2026-01-01&from=2026-01-02', 'from'],
    ['day=2026-01-01', 'day'],
  ])('refuses %s and names what is wrong', async (query, parameter) => {
    const { status, body } = await get(`${path}?${query}`);
    expect([status, body.errors[0].parameter]).toEqual([400, parameter]);
  });

  test('takes the longest range', async () => {
    expect((await get(`${path}?from=2024-01-01&to=2026-03-10`)).status).toBe(200);
  });
});

test('the days of a group that does not exist are refused', async () => {
  const { status, body } = await get('/api/v1/activity-days?group=nobody');
  expect([status, body.errors[0].parameter]).toEqual([400, 'group']);
});
