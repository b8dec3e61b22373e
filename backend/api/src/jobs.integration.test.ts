import { job, jobPage } from '@app/contract/job';
import { problem } from '@app/contract/problem';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runJobs } from './test/run-jobs.ts';
import { startTestApi, type TestApi } from './test/test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());
beforeEach(() => api.empty());

const jobs = '/api/v1/jobs';

async function makeGroup(name: string): Promise<number> {
  const { id } = (await api.call('POST', '/api/v1/groups', { name, threshold: '1d', grace: '1h' })).body;
  await api.call('POST', '/api/v1/profiles', [
    { id: `${id}1`, group: name },
    { id: `${id}2`, group: name },
  ]);
  return id;
}

async function replan(groupId: number, threshold: string) {
  return job.parse((await api.call('PATCH', `/api/v1/groups/${groupId}`, { threshold })).body.replan);
}

async function refusal(method: string, path: string) {
  const reply = await api.call(method, path);
  return { ...problem.parse(reply.body), status: reply.status };
}

test('a job is shown from when it waits until it is done', async () => {
  const queued = await replan(await makeGroup('News'), '2d');
  expect(job.parse((await api.call('GET', `${jobs}/${queued.id}`)).body)).toEqual(queued);
  expect(queued).toMatchObject({
    state: 'queued',
    started_at: null,
    finished_at: null,
    total: null,
    error: null,
  });
  await runJobs(api.pool);
  const done = job.parse((await api.call('GET', `${jobs}/${queued.id}`)).body);
  expect(done).toMatchObject({
    state: 'done',
    done: 4,
    total: 4,
    changed: 2,
    cancellable: false,
    replaced_by: null,
  });
  expect(Date.parse(done.finished_at ?? '')).toBeGreaterThanOrEqual(Date.parse(done.started_at ?? ''));
});

test('jobs are listed newest first, by state and group, page by page', async () => {
  const [news, press] = [await makeGroup('News'), await makeGroup('Press')];
  const first = await replan(news, '2d');
  const other = await replan(press, '2d');
  await runJobs(api.pool);
  const second = await replan(news, '3d');
  const third = await replan(news, '4d');
  const ids = async (query: string) =>
    jobPage.parse((await api.call('GET', `${jobs}${query}`)).body).items.map(item => item.id);
  expect(await ids('')).toEqual([third.id, second.id, other.id, first.id]);
  expect(await ids('?group=news')).toEqual([third.id, second.id, first.id]);
  expect(await ids('?state=done')).toEqual([other.id, first.id]);
  expect(await ids('?state=cancelled,queued&group=NEWS')).toEqual([third.id, second.id]);
  const page = jobPage.parse((await api.call('GET', `${jobs}?limit=3`)).body);
  expect(page.items.map(item => item.id)).toEqual([third.id, second.id, other.id]);
  expect(page.items[1]).toMatchObject({ state: 'cancelled', replaced_by: third.id });
  expect(await ids(`?limit=3&cursor=${page.next_cursor}`)).toEqual([first.id]);
});

test('a group goes with its jobs', async () => {
  const { id: empty } = (
    await api.call('POST', '/api/v1/groups', { name: 'Empty', threshold: '1d', grace: 0 })
  ).body;
  const { id } = await replan(empty, '2d');
  expect((await api.call('DELETE', `/api/v1/groups/${empty}`)).status).toBe(204);
  expect((await api.call('GET', `${jobs}/${id}`)).status).toBe(404);
});

describe('cancelling', () => {
  test('is refused while profiles would be looked at too late', async () => {
    const { id } = await replan(await makeGroup('News'), '2d');
    const before = await api.everything();
    expect(await refusal('POST', `${jobs}/${id}/cancel`)).toMatchObject({
      status: 409,
      type: '/problems/conflict',
      detail: expect.stringMatching(/too late.*Change the group again/),
    });
    expect(await api.everything()).toBe(before);
  });

  test('ends a job of which only deadlines to show are left; the same request again is refused', async () => {
    const { id } = await replan(await makeGroup('News'), '2d');
    // The count, a step or two for two profiles, one that finds no more; then deadlines only.
    await runJobs(api.pool, 4);
    expect((await api.call('GET', `${jobs}/${id}`)).body).toMatchObject({
      state: 'running',
      cancellable: true,
    });
    const reply = await api.call('POST', `${jobs}/${id}/cancel`);
    expect(reply.status).toBe(200);
    expect(job.parse(reply.body)).toMatchObject({
      id,
      state: 'cancelled',
      cancellable: false,
      replaced_by: null,
    });
    expect(await refusal('POST', `${jobs}/${id}/cancel`)).toMatchObject({
      status: 409,
      detail: expect.stringMatching(/ended/),
    });
    await runJobs(api.pool);
    expect((await api.call('GET', `${jobs}/${id}`)).body.state).toBe('cancelled');
  });
});

test.each([
  ['GET', `${jobs}/2000000000`, 404],
  ['POST', `${jobs}/2000000000/cancel`, 404],
  ['GET', `${jobs}/2147483648`, 400],
  ['GET', `${jobs}/first`, 400],
  ['GET', `${jobs}?state=over`, 400],
  ['GET', `${jobs}?group=nobody`, 400],
  ['GET', `${jobs}?kind=replan`, 400],
  ['GET', `${jobs}?cursor=abc`, 400],
  ['DELETE', `${jobs}/1`, 405],
])('%s %s is refused with %i', async (method, path, status) => {
  expect(await refusal(method, path)).toMatchObject({ status });
});
