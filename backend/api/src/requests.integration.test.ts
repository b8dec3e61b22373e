import { connect } from 'node:net';
import { problem } from '@app/contract/problem';
import { createPool } from '@app/database/pool';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createApp } from './app.ts';
import { startApi } from './server.ts';
import { type Reply, startTestApi, type TestApi } from './test/test-api.ts';

let api: TestApi;
let before: string;
beforeAll(async () => {
  api = await startTestApi();
  await api.call('POST', '/api/v1/profiles', [{ id: '12' }, { handle: 'jack' }]);
});
afterAll(() => api.stop());
beforeEach(async () => {
  before = await api.everything();
});

const json = { 'content-type': 'application/json' };
const profiles = '/api/v1/profiles';

function expectProblem(reply: Reply, status: number, kind: string): void {
  expect(reply.status).toBe(status);
  expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(problem.parse(reply.body)).toMatchObject({ type: `/problems/${kind}`, status });
  expect(reply.headers.get('x-request-id')).toBe(reply.body.request_id);
}

describe('what is wrong changes nothing and is told', () => {
  afterEach(async () => {
    expect(await api.everything()).toBe(before);
  });

  test.each<[string, unknown, string, RegExp]>([
    ['a wrong handle', { handle: 'no handle' }, '/handle', /1 to 15/],
    ['a page of X', { url: 'https://x.com/home' }, '/url', /page of X/],
    ['an id with a letter', { id: '12a' }, '/id', /numeric/],
    ['an id beyond 64 bits', { id: '9223372036854775808' }, '/id', /at most/],
    ['an id beyond exact numbers', '{"id":9007199254740993}', '/id', /lose digits/],
    ['an id that is no text', { id: true }, '/id', /numeric/],
    ['a threshold of 0', { id: '1', threshold: 0 }, '/threshold', /at least 1 second/],
    ['a negative threshold', { id: '1', threshold: -5 }, '/threshold', /at least 1/],
    ['a threshold with a fraction', { id: '1', threshold: 1.5 }, '/threshold', /whole seconds/],
    ['a huge threshold', '{"id":"1","threshold":1e308}', '/threshold', /whole seconds/],
    ['an endless threshold', '{"id":"1","threshold":1e999}', '/threshold', /whole seconds/],
    ['a threshold of a century', { id: '1', threshold: '5300w' }, '/threshold', /10 years/],
    ['a negative grace', { id: '1', grace: '-1s' }, '/grace', /whole seconds/],
    ['an unknown field', { id: '1', colour: 'red' }, '/colour', /not known/],
    ['a field of prototypes', '{"id":"1","__proto__":{"admin":true}}', '/__proto__', /not known/],
    ['a constructor', '{"id":"1","constructor":{"prototype":{}}}', '/constructor', /not known/],
    ['a field with a slash', '{"id":"1","a/b~c":1}', '/a~1b~0c', /not known/],
    ['an unknown group', { id: '1', group: 'nobody' }, '/group', /no group/],
    ['a NUL in a group', { id: '1', group: 'a\0b' }, '/group', /control/],
    ['a NUL in a handle', { handle: 'ja\0ck' }, '/handle', /letters/],
    ['half a character', '{"id":"1","group":"\\ud800"}', '/group', /control/],
    ['an unknown basis', { id: '1', basis: 'because' }, '/basis', /one of own/],
    ['no reference', { threshold: 5 }, '', /exactly one of/],
    ['two references', { id: '1', handle: 'jack' }, '', /exactly one of/],
    ['null', 'null', '', /object/],
    ['a number', '5', '', /object/],
    ['an empty list', [], '', /at least one/],
    ['a list of lists', [[]], '/0', /object/],
    [
      'one wrong item among right ones',
      [{ id: '1' }, { id: '2' }, { id: '3' }, { id: '4', threshold: 0 }],
      '/3/threshold',
      /at least 1/,
    ],
    [
      'one unknown group among right ones',
      [{ id: '1' }, { id: '2', group: 'nobody' }],
      '/1/group',
      /no group/,
    ],
    ['too many', Array.from({ length: 10_001 }, (_, i) => ({ id: i + 100 })), '', /at most 10000.*import/],
  ])('%s in a profile', async (_, body, pointer, detail) => {
    const reply = await api.call('POST', profiles, body, json);
    expectProblem(reply, 422, 'invalid-request');
    expect(reply.body.errors[0]).toEqual({ pointer, detail: expect.stringMatching(detail) });
  });

  test('every wrong field is named, up to a hundred', async () => {
    const reply = await api.call('POST', profiles, [{ id: 'x', threshold: 0 }, { handle: '' }]);
    expect(reply.body.errors.map((error: { pointer: string }) => error.pointer)).toEqual([
      '/0/id',
      '/0/threshold',
      '/1/handle',
    ]);
    const many = await api.call(
      'POST',
      profiles,
      Array.from({ length: 500 }, () => ({ id: 'x' })),
    );
    expect(many.body.errors).toHaveLength(100);
    expect(many.body.detail).toMatch(/and 499 more/);
  });

  test.each<[string, string]>([
    ['JSON cut off', '[{"id":"1"},{"id":'],
    ['no JSON', 'id=1'],
    ['nothing', ''],
    ['nothing but space', '   '],
  ])('%s', async (_, body) => {
    expectProblem(await api.call('POST', profiles, body, json), 400, 'invalid-json');
  });

  test('text that is not UTF-8', async () => {
    const reply = await api.call('POST', profiles, Buffer.from('{"id":"1","group":"\xe9"}', 'latin1'), json);
    expectProblem(reply, 400, 'invalid-json');
  });

  test('nesting of any depth', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    expectProblem(await api.call('POST', profiles, deep, json), 422, 'invalid-request');
    expectProblem(
      await api.call('POST', profiles, `${'{"id":'.repeat(200_000)}1${'}'.repeat(200_000)}`, json),
      422,
      'invalid-request',
    );
  });

  test('another type of content, character set or encoding', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=latin1',
    ]) {
      const reply = await api.call('POST', profiles, '{"id":"1"}', { 'content-type': type });
      expectProblem(reply, 415, 'unsupported-media-type');
    }
    const packed = await api.call('POST', profiles, '{"id":"1"}', {
      ...json,
      'content-encoding': 'compress',
    });
    expectProblem(packed, 415, 'unsupported-media-type');
  });

  test('a body of 100 MB: the answer arrives although the body was never read', async () => {
    const reply = await api.call('POST', profiles, Buffer.alloc(100_000_000, ' '), json);
    expectProblem(reply, 413, 'too-large');
    expect(reply.body.detail).toMatch(/import/);
  });

  test.each([
    ['limit=0', 'limit', /at least 1/],
    ['limit=1001', 'limit', /at most 1000/],
    ['limit=ten', 'limit', /whole number/],
    ['limit=1e2', 'limit', /whole number/],
    ['limit=1&limit=2', 'limit', /once/],
    ['limit=99999999999999999999', 'limit', /at most/],
    ['status=asleep', 'status', /pending, active/],
    ['status=active,', 'status', /pending, active/],
    ['group=nobody', 'group', /no group/],
    ['group=%00', 'group', /no group/],
    ['q=%25', 'q', /letters/],
    ['q=', 'q', /empty/],
    [`q=${'a'.repeat(5_000)}`, 'q', /at most/],
    ['colour=red', 'colour', /not known/],
    ['__proto__=1', '__proto__', /not known/],
    ['limit[x]=1', 'limit[x]', /not known/],
  ])('the parameter %s', async (query, parameter, detail) => {
    const reply = await api.call('GET', `${profiles}?${query}`);
    expectProblem(reply, 400, 'invalid-parameter');
    expect(reply.body.errors[0]).toEqual({ parameter, detail: expect.stringMatching(detail) });
  });

  test('a cursor that is damaged, foreign, or of other filters', async () => {
    const { next_cursor: cursor } = (await api.call('GET', `${profiles}?limit=1`)).body;
    expect(cursor).toBeTypeOf('string');
    expect((await api.call('GET', `${profiles}?limit=1&cursor=${cursor}`)).status).toBe(200);
    const [seal] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const forged = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
    for (const path of [
      `${profiles}?cursor=nonsense`,
      `${profiles}?cursor=${cursor.slice(0, -4)}`,
      `${profiles}?cursor=%00`,
      `${profiles}?status=active&cursor=${cursor}`,
      `/api/v1/alerts?cursor=${cursor}`,
      `/api/v1/groups?cursor=${cursor}`,
      `${profiles}/12/activities?cursor=${cursor}`,
      `${profiles}?cursor=${forged(seal, '1; DROP TABLE profiles')}`,
      `${profiles}?cursor=${forged(seal, '9223372036854775808')}`,
      `${profiles}?cursor=${forged(seal, 5)}`,
      `${profiles}?cursor=${forged(seal)}`,
      `${profiles}?cursor=${forged({ seal })}`,
    ]) {
      expectProblem(await api.call('GET', path), 400, 'invalid-cursor');
    }
  });

  test('something that does not exist', async () => {
    for (const [method, path] of [
      ['GET', `${profiles}/999`],
      ['GET', `${profiles}/@nobody`],
      ['GET', `${profiles}/999/activities`],
      ['POST', `${profiles}/999/check`],
      ['DELETE', `${profiles}/@nobody`],
      ['GET', '/api/v1/groups/99'],
      ['DELETE', '/api/v1/groups/99'],
      ['GET', '/api/v1/alerts/99'],
      ['GET', '/api/v2/profiles'],
      ['GET', '/favicon.ico'],
      ['GET', '/livez/'],
      ['DELETE', '/nowhere/at/all'],
    ] as const) {
      expectProblem(await api.call(method, path), 404, 'not-found');
    }
    expectProblem(await api.call('PATCH', '/api/v1/groups/99', { threshold: 5 }), 404, 'not-found');
  });

  test('a key that cannot be one', async () => {
    for (const path of [
      `${profiles}/jack`,
      `${profiles}/-1`,
      `${profiles}/0`,
      `${profiles}/12%00`,
      `${profiles}/@ja%00ck`,
      `${profiles}/9223372036854775808`,
      `${profiles}/${'9'.repeat(3_000)}`,
      '/api/v1/groups/2147483648',
      '/api/v1/groups/default',
      '/api/v1/alerts/9223372036854775808',
      '/api/v1/alerts/1e3',
      '/api/v1/alerts?profile=jack',
      '/api/v1/alerts?kind=dead',
    ]) {
      expectProblem(await api.call('GET', path), 400, 'invalid-parameter');
    }
    expectProblem(await api.call('GET', `${profiles}/%E0%A4%A`), 400, 'invalid-parameter');
  });

  test('a wrong method, with the right ones', async () => {
    for (const [method, path, allow] of [
      ['PUT', profiles, 'GET, POST, HEAD, OPTIONS'],
      ['GET', `${profiles}/import`, 'POST, OPTIONS'],
      ['PATCH', `${profiles}/12`, 'GET, DELETE, HEAD, OPTIONS'],
      ['POST', '/api/v1/alerts', 'GET, HEAD, OPTIONS'],
      ['POST', '/', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const reply = await api.call(method, path);
      expectProblem(reply, 405, 'method-not-allowed');
      expect(reply.headers.get('allow')).toBe(allow);
    }
    expect((await api.call('OPTIONS', profiles)).status).toBe(204);
    expect((await api.call('HEAD', profiles)).status).toBe(200);
  });

  test('what is no HTTP, or has an address without end', async () => {
    const raw = (text: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(api.port, '127.0.0.1', () => socket.write(text));
        let received = '';
        socket.on('data', data => {
          received += data;
        });
        socket
          .on('error', reject)
          .on('end', () => resolve(received))
          .setTimeout(5_000, () => reject(new Error('no end')));
      });
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 [\s\S]*problem\+json[\s\S]*"status":400/);
    expect(await raw(`GET /?q=${'a'.repeat(50_000)} HTTP/1.1\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 [\s\S]*16 KB/,
    );
  });
});

describe('every answer', () => {
  test('has an id: the caller’s if it is harmless, else one of ours', async () => {
    const given = await api.call('GET', profiles, undefined, { 'x-request-id': 'abc-1.2' });
    expect(given.headers.get('x-request-id')).toBe('abc-1.2');
    const forged = await api.call('GET', profiles, undefined, { 'x-request-id': 'a b"' });
    expect(forged.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('says nothing of what serves it and is neither sniffed nor stored', async () => {
    const { headers } = await api.call('GET', profiles);
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

describe('the page at the root', () => {
  test('loads nothing, runs nothing, and every link on it works', async () => {
    const reply = await api.call('GET', '/');
    expect(reply.headers.get('content-type')).toMatch(/text\/html/);
    expect(reply.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+';/,
    );
    expect(reply.body).not.toMatch(/<script|<img|https?:|\sstyle=/);
    const links = [...reply.body.matchAll(/href="([^"]+)"/g)].map(match => match[1] as string);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect((await api.call('GET', link)).status, link).toBe(200);
  });
});

describe('metrics', () => {
  test('count by the pattern of the route, never by the profile', async () => {
    await api.call('GET', `${profiles}/12`);
    await api.call('GET', `${profiles}/424242`);
    await api.call('GET', '/no/such/path');
    const { body } = await api.call('GET', '/metrics');
    expect(body).toMatch(
      /http_requests_total{method="GET",route="\/api\/v1\/profiles\/:id",status="2xx"} \d/,
    );
    expect(body).toMatch(/http_requests_total{method="GET",route="none",status="4xx"} \d/);
    expect(body).toMatch(
      /http_request_duration_seconds_bucket{le="0.005",method="GET",route="\/api\/v1\/profiles\/:id",status="4xx"}/,
    );
    expect(body).not.toMatch(/424242|no\/such/);
  });
});

describe('when the database', () => {
  test('is down, the answer is 503, with when to try again, and the log says why', async () => {
    const pool = createPool({
      url: 'postgresql://nobody@127.0.0.1:1/none',
      name: 'none',
      onError: () => undefined,
    });
    const logged: object[] = [];
    const log = {
      debug: () => undefined,
      info: () => undefined,
      error: () => undefined,
      warn: (fields: object) => void logged.push(fields),
    };
    const health = {
      registry: new Registry(),
      checks: { database: async () => void (await pool.query('SELECT 1')) },
    };
    const server = await startApi({
      app: createApp({ pool, log, health, confirmDelayMs: 60_000 }),
      host: '127.0.0.1',
      port: 0,
    });
    const down = async (path: string, init?: RequestInit): Promise<Reply> => {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init ?? {});
      return { status: response.status, headers: response.headers, body: await response.json() };
    };
    for (const [path, init] of [
      [profiles, undefined],
      [profiles, { method: 'POST', headers: json, body: '{"id":"1"}' }],
      [`${profiles}/import`, { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'id\n1' }],
      [`${profiles}/12`, { method: 'DELETE' }],
    ] as const) {
      const reply = await down(path, init);
      expectProblem(reply, 503, 'unavailable');
      expect(reply.headers.get('retry-after')).toBe('5');
    }
    expect(logged).toHaveLength(4);
    expect(JSON.stringify(logged[0])).toMatch(/ECONNREFUSED/);
    expect((await fetch(`http://127.0.0.1:${server.port}/readyz`)).status).toBe(503);
    expect((await fetch(`http://127.0.0.1:${server.port}/livez`)).status).toBe(200);
    await server.close();
    await pool.end();
  });

  test('misses what it must have, the answer is 500 with an id that is in the log, and no word of the inside', async () => {
    const broken = await startTestApi();
    await broken.pool.query('DROP TABLE alert_events; DROP TABLE alerts CASCADE');
    const reply = await broken.call('GET', '/api/v1/alerts');
    expectProblem(reply, 500, 'internal-error');
    expect(JSON.stringify(reply.body)).not.toMatch(/relation|42P01|at .*\.ts/);
    const [line] = broken.logged.filter(one => one.level === 'error');
    expect(line?.fields).toMatchObject({
      request_id: reply.body.request_id,
      err: { message: expect.stringMatching(/relation/) },
    });
    await broken.stop();
  });
});
