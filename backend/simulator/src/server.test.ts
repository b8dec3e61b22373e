import { afterEach, describe, expect, it } from 'vitest';
import { everyFault, type Faults, noFaults } from './faults.ts';
import { rhythmSource } from './rhythms.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from './server.ts';

const source = rhythmSource({ seed: 1, speed: 1440, profiles: 1000 });
const now = Date.UTC(2026, 10, 22);

let running: Simulator | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

const start = async (options: Partial<SimulatorOptions> = {}): Promise<Simulator> => {
  running = await startSimulator({ source, clock: () => now, rateLimit: null, ...options });
  return running;
};

const ask = async (path: string, token: string | null = 'any') => {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${running?.url}${path}`, { headers, signal: AbortSignal.timeout(5000) });
  const text = await response.text();
  const body = text.startsWith('{') ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body };
};

describe('the simulated X', () => {
  it('gives id, name and username, and nothing else that was not asked for', async () => {
    await start();
    const { status, body } = await ask('/2/users?ids=1,2');
    expect(status).toBe(200);
    expect(body).toEqual({
      data: [
        { id: '1', name: expect.any(String), username: 'sim1' },
        { id: '2', name: expect.any(String), username: 'sim2' },
      ],
    });
  });

  it('answers in the words of the request', async () => {
    await start();
    const old = await ask('/2/users/by?usernames=sim1&user.fields=public_metrics,most_recent_tweet_id');
    expect(old.body.data[0]).toMatchObject({ most_recent_tweet_id: expect.any(String) });
    expect(old.body.data[0].public_metrics).toHaveProperty('tweet_count');
    const renamed = await ask(
      '/2/users/by?usernames=sim1&user.fields=public_metrics&expansions=most_recent_post_id',
    );
    expect(renamed.body.data[0]).toMatchObject({
      most_recent_post_id: old.body.data[0].most_recent_tweet_id,
    });
    expect(renamed.body.data[0].public_metrics).toHaveProperty('post_count');
    expect(renamed.body.includes.posts).toHaveLength(1);
    const neither = await ask('/2/users?ids=1&user.fields=public_metrics');
    expect(neither.body.data[0].public_metrics).toHaveProperty('tweet_count');
  });

  it.each([
    'user.fields=most_recent_post_id',
    'user.fields=most_recent_tweet_id&expansions=most_recent_post_id&post.fields=id',
    'user.fields=pinned_tweet_id&expansions=most_recent_post_id',
  ])('leaves a name of the other vocabulary silently out (%s)', async query => {
    await start();
    const { status, body } = await ask(`/2/users?ids=1&${query}`);
    expect(status).toBe(200);
    expect(body).not.toHaveProperty('errors');
    expect(body.data[0]).not.toHaveProperty('most_recent_post_id');
  });

  it.each([
    ['/2/users?ids=1&user.fields=shoe_size', 'shoe_size', 'most_recent_tweet_id'],
    ['/2/users?ids=1&expansions=most_recent', 'most_recent', 'most_recent_post_id'],
    ['/2/users?ids=1,x', '[x] is not valid', '1'],
    ['/2/users?ids=1,,2', '[] is not valid', '1'],
    ['/2/users?ids=', 'can not be empty', 'ids'],
    ['/2/users', 'can not be empty', 'ids'],
    ['/2/users?ids=12345678901234567890', 'is not valid', '12345678901234567890'],
    ['/2/users?ids=1&id=2', '[id] is not one of', 'ids'],
    ['/2/users/by?usernames=ok,not-ok', '[not-ok] is not valid', 'ok'],
    ['/2/users/by?usernames=sixteen_letters_', 'is not valid', 'sixteen_letters_'],
    ['/2/usage/tweets?days=91', '[91]', 'days'],
    ['/2/usage/tweets?usage.fields=money', '[money]', 'project_cap'],
  ])('refuses %s with a 400 that says why', async (path, why, echo) => {
    await start();
    const { status, body, headers } = await ask(path);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body.errors[0].message).toContain(why);
    expect(JSON.stringify(body)).toContain(echo);
  });

  it('refuses 101 ids, echoing all of them, and takes 100', async () => {
    await start();
    const ids = Array.from({ length: 101 }, (_, index) => String(index + 1));
    const refused = await ask(`/2/users?ids=${ids.join(',')}`);
    expect(refused.status).toBe(400);
    expect(refused.body.errors[0].parameters.ids).toEqual(ids);
    expect((await ask(`/2/users?ids=${ids.slice(1).join(',')}`)).status).toBe(200);
  });

  it('wants a bearer token, and the right one if there is one; a 401 has no rate headers', async () => {
    await start({ bearerToken: 'right' });
    for (const token of [null, 'wrong']) {
      const { status, headers, body } = await ask('/2/users?ids=1', token);
      expect(status).toBe(401);
      expect(body).toMatchObject({ title: 'Unauthorized', status: 401 });
      expect(headers.has('x-rate-limit-limit')).toBe(false);
    }
    expect((await ask('/2/users?ids=1', 'right')).status).toBe(200);
  });

  it('counts each look-up endpoint in its own window, and says when that ends', async () => {
    let time = now;
    await start({ rateLimit: { limit: 2, windowSeconds: 10 }, clock: () => time });
    const left = async (path: string) => {
      const { status, headers } = await ask(path);
      return [status, headers.get('x-rate-limit-remaining'), headers.get('x-rate-limit-reset')];
    };
    const reset = String(now / 1000 + 10);
    expect(await left('/2/users?ids=1')).toEqual([200, '1', reset]);
    time += 5000;
    expect(await left('/2/users?ids=wrong')).toEqual([400, '0', reset]);
    expect(await left('/2/users?ids=1')).toEqual([429, '0', reset]);
    expect(await left('/2/users/by?usernames=a')).toEqual([200, '1', String(now / 1000 + 15)]);
    time += 5000;
    expect(await left('/2/users?ids=1')).toEqual([200, '1', String(now / 1000 + 20)]);
  });

  it("has X's own limit by default, and large numbers in its headers without one", async () => {
    await start({ rateLimit: undefined });
    expect((await ask('/2/users?ids=1')).headers.get('x-rate-limit-limit')).toBe('300');
    expect((await ask('/2/usage/tweets')).headers.get('x-rate-limit-limit')).toBe('50');
    await running?.close();
    await start();
    expect(Number((await ask('/2/users?ids=1')).headers.get('x-rate-limit-remaining'))).toBeGreaterThan(1e6);
  });

  it('has no other paths and no other methods', async () => {
    const { url } = await start();
    expect((await ask('/2/users/1')).status).toBe(404);
    expect((await ask('/2/users/')).status).toBe(404);
    expect((await ask('/')).status).toBe(404);
    expect((await ask('//')).status).toBe(404);
    const headers = { authorization: 'Bearer a' };
    expect((await fetch(`${url}/2/users?ids=1`, { method: 'POST', headers })).status).toBe(405);
  });

  it('counts calls, the users it returned and the posts it included', async () => {
    const simulator = await start();
    await ask('/2/users?ids=1,2,3&expansions=most_recent_tweet_id');
    await ask('/2/users?ids=x');
    await ask('/2/users?ids=1', null);
    expect(simulator.calls()).toBe(3);
    expect(simulator.usersReturned()).toBe(3);
    const usage = await ask('/2/usage/tweets?usage.fields=project_usage,daily_project_usage,cap_reset_day');
    expect(usage.body.data).toMatchObject({ project_usage: 3, cap_reset_day: 9 });
    simulator.setFaults({ vocabulary: 'post' });
    expect((await ask('/2/usage/tweets')).body.data).toEqual({
      project_cap: '3000000',
      project_id: '1',
      project_usage: '3',
    });
  });

  it('says so when its own source fails, instead of pretending a fault', async () => {
    await start({
      source: {
        account: () => {
          throw new Error('broken source');
        },
        idOf: () => null,
      },
    });
    expect(await ask('/2/users?ids=1')).toMatchObject({ status: 500, body: { detail: 'broken source' } });
  });

  it('cannot start on a port that is taken', async () => {
    const { port } = await start();
    await expect(startSimulator({ source, port })).rejects.toThrow('EADDRINUSE');
  });

  it('closes at once although somebody waits for an answer, and closes only once', async () => {
    const simulator = await start({ faults: { share: 1, kinds: ['timeout'] } });
    const hanging = ask('/2/users?ids=1').catch(() => 'cut');
    await expect.poll(() => simulator.calls()).toBe(1);
    await simulator.close();
    await simulator.close();
    expect(await hanging).toBe('cut');
  });

  it('closes at once although an answer is delayed', async () => {
    const simulator = await start({ faults: { latencyMs: 60_000 } });
    const delayed = ask('/2/users?ids=1').catch(() => 'cut');
    await fetch(`${simulator.url}/control/faults`);
    await simulator.close();
    expect(await delayed).toBe('cut');
  });
});

describe('the control of faults', () => {
  const put = async (body: string) => {
    const response = await fetch(`${running?.url}/control/faults`, { method: 'PUT', body });
    const answer = (await response.json()) as Record<string, unknown>;
    return { status: response.status, body: answer };
  };

  it('shows the switches and changes the named ones', async () => {
    const simulator = await start();
    expect((await ask('/control/faults')).body).toEqual(noFaults);
    const change = {
      share: 0.5,
      kinds: [...everyFault],
      latencyMs: { min: 1, max: 2 },
      profiles: { 7: 'suspended' },
    };
    expect(await put(JSON.stringify(change))).toEqual({ status: 200, body: { ...noFaults, ...change } });
    expect((await put('{"share":0}')).body).toEqual({ ...noFaults, ...change, share: 0 });
    expect(simulator.faults()).toEqual({ ...noFaults, ...change, share: 0 });
    expect(simulator.calls()).toBe(0);
  });

  it.each([
    'nonsense',
    '7',
    '{"share":2}',
    '{"shared":1}',
    '{"kinds":["gremlins"]}',
    '{"profiles":{"x":"suspended"}}',
    '{"profiles":{"7":"eaten"}}',
    '{"latencyMs":-1}',
    '{"latencyMs":{"min":2,"max":1}}',
    '{"missingField":3}',
    '{"outage":"yes"}',
    '{"vocabulary":"toot"}',
  ])('refuses %s and changes nothing', async body => {
    const simulator = await start();
    const answer = await put(body);
    expect(answer.status).toBe(400);
    expect(answer.body.detail).not.toBe('');
    expect(simulator.faults()).toEqual(noFaults);
  });

  it('refuses other methods and bodies without end', async () => {
    const { url } = await start();
    expect((await fetch(`${url}/control/faults`, { method: 'DELETE' })).status).toBe(405);
    expect((await put(' '.repeat(1024 * 1024 + 1))).status).toBe(413);
  });

  it('refuses nonsense from a program, too', async () => {
    const simulator = await start();
    expect(() => simulator.setFaults({ share: 2 })).toThrow('share');
    await expect(startSimulator({ source, faults: { seed: 0.5 } as Partial<Faults> })).rejects.toThrow(
      'seed',
    );
  });

  it('draws the same faults from the same seed', async () => {
    const simulator = await start({ faults: { share: 0.5, kinds: ['server_error', 'unavailable'] } });
    const draw = async (seed: number) => {
      simulator.setFaults({ seed });
      const statuses: number[] = [];
      for (let call = 0; call < 30; call += 1) statuses.push((await ask('/2/users?ids=1')).status);
      return statuses.join();
    };
    const first = await draw(7);
    expect(new Set(first.split(','))).toEqual(new Set(['200', '500', '503']));
    expect(await draw(8)).not.toBe(first);
    expect(await draw(7)).toBe(first);
  });
});
