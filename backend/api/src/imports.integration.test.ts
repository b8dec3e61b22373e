import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { importReport } from '@app/contract/import-report';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { csvOf } from './test/csv.ts';
import { type Reply, startTestApi, type TestApi } from './test/test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ importMaxBytes: 10_000_000, importStallMs: 1_000 });
  await api.call('POST', '/api/v1/groups', { name: 'News', threshold: '1d', grace: '1h' });
});
afterAll(() => api.stop());
beforeEach(() => api.pool.query('TRUNCATE profiles, activities CASCADE'));

const path = '/api/v1/profiles/import';
const csv = (text: string | Uint8Array, headers: Record<string, string> = {}): Promise<Reply> =>
  api.call('POST', path, text, { 'content-type': 'text/csv', ...headers });
const stored = async () =>
  (
    await api.pool.query(
      `SELECT p.profile_id, p.handle, g.name AS "group", p.threshold_s, p.grace_s, p.basis, s.lane
         FROM profiles p JOIN groups g USING (group_id) JOIN schedule s USING (profile_id) ORDER BY p.handle, p.profile_id`,
    )
  ).rows;

async function stream(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<Reply> {
  const response = await fetch(api.url + path, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: ReadableStream.from(chunks) as ReadableStream<Uint8Array<ArrayBuffer>>,
    duplex: 'half',
    signal: AbortSignal.timeout(25_000),
  } as RequestInit);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

describe('a file', () => {
  test('is imported, with what is wrong told line by line', async () => {
    await api.call('POST', '/api/v1/profiles', { id: '7' });
    const reply = await csv(
      [
        'Profile, Group ,THRESHOLD,grace,basis',
        '12,news,2d,0,own',
        '@jack,,,,',
        '"https://x.com/ev","News","90","30m","Consent"',
        '',
        '7,,,,',
        'JACK,,,,',
        'not a handle,,,,',
        '13,nobody,,,',
        '14,,0,,',
        '15,,,-1,',
        '16,,,,because',
        '17,,,,,,surplus',
        '18',
        ',news,,,',
      ].join('\r\n'),
    );
    expect(reply.status).toBe(200);
    expect(importReport.parse(reply.body)).toEqual({
      lines: 13,
      created: 4,
      duplicates: 2,
      duplicate_lines: [6, 7],
      rejected_count: 7,
      rejected: [
        {
          line: 8,
          value: 'not a handle',
          reason: 'profile: must be a handle: must be 1 to 15 letters, digits or underscores',
        },
        { line: 9, value: 'nobody', reason: 'group: no group has this name' },
        { line: 10, value: '0', reason: 'threshold: must be at least 1 second' },
        { line: 11, value: '-1', reason: expect.stringMatching(/^grace: must be whole seconds/) },
        { line: 12, value: 'because', reason: 'basis: must be one of own, consent, organisation, unstated' },
        { line: 13, value: '17,,,,,,surplus', reason: 'has 7 columns, the header has 5' },
        { line: 15, value: '', reason: 'profile: is empty: give a handle, an id or an address of a profile' },
      ],
    });
    expect(await stored()).toEqual([
      {
        profile_id: expect.stringMatching(/^-/),
        handle: 'ev',
        group: 'News',
        threshold_s: 90,
        grace_s: 1_800,
        basis: 'consent',
        lane: 'checks.fresh',
      },
      {
        profile_id: expect.stringMatching(/^-/),
        handle: 'jack',
        group: 'default',
        threshold_s: null,
        grace_s: null,
        basis: 'unstated',
        lane: 'checks.fresh',
      },
      {
        profile_id: '7',
        handle: null,
        group: 'default',
        threshold_s: null,
        grace_s: null,
        basis: 'unstated',
        lane: 'checks.manual',
      },
      {
        profile_id: '12',
        handle: null,
        group: 'News',
        threshold_s: 172_800,
        grace_s: 0,
        basis: 'own',
        lane: 'checks.fresh',
      },
      {
        profile_id: '18',
        handle: null,
        group: 'default',
        threshold_s: null,
        grace_s: null,
        basis: 'unstated',
        lane: 'checks.fresh',
      },
    ]);
  });

  test.each([
    ['semicolons', 'id;threshold\n1;1,5\n2;60', { created: 1, rejected_count: 1 }],
    ['tabs', 'handle\tgroup\njack\tNews', { created: 1 }],
    ['a byte order mark', '\uFEFFid\n1', { created: 1 }],
    ['old Mac line ends', 'id\r1\r2\r', { created: 2, lines: 2 }],
    [
      'quotes and lines within a field',
      'handle,group\n"jack","Ne\nws"\n"ev","News"',
      {
        created: 1,
        rejected: [{ line: 2, value: 'Ne\nws', reason: 'group: must not hold control characters' }],
      },
    ],
    ['no lines below the header', 'id\n', { lines: 0, created: 0 }],
    ['empty lines before the header', '\n\nid\n1', { created: 1 }],
    [
      'NUL characters',
      'handle\nja\0ck',
      { rejected: [expect.objectContaining({ line: 2, value: 'ja\uFFFDck' })] },
    ],
    [
      'values of any length',
      `handle\n${'x'.repeat(5_000)}`,
      { rejected: [expect.objectContaining({ value: 'x'.repeat(100) })] },
    ],
    [
      'letters beyond the basic plane',
      `handle\n${'😀'.repeat(150)}`,
      { rejected: [expect.objectContaining({ value: '😀'.repeat(100) })] },
    ],
  ])('with %s is understood', async (_, text, expected) => {
    const reply = await csv(text);
    expect(reply.status).toBe(200);
    expect(importReport.parse(reply.body)).toMatchObject(expected);
  });

  test('in pieces that cut characters and lines apart is the same file', async () => {
    const bytes = new TextEncoder().encode('handle,group\njack,Ünbekannt😀\nev,News\n');
    async function* single() {
      for (const byte of bytes) yield Uint8Array.of(byte);
    }
    const reply = await stream(single());
    expect(reply.body).toMatchObject({ created: 1, rejected: [{ line: 2, value: 'Ünbekannt😀' }] });
  });

  test('packed with gzip is the same file', async () => {
    const reply = await csv(gzipSync('id\n1\n2'), { 'content-encoding': 'gzip' });
    expect(reply.body).toMatchObject({ created: 2 });
  });

  test('imported twice, at the same time and again, makes each profile once', async () => {
    const text = `profile\n${Array.from({ length: 3_000 }, (_, i) => (i % 2 ? `h${i}` : i + 1)).join('\n')}`;
    const reversed = `profile\n${text.split('\n').slice(1).reverse().join('\n')}`;
    const replies = await Promise.all([csv(text), csv(reversed)]);
    expect(replies.map(reply => reply.status)).toEqual([200, 200]);
    expect(replies.reduce((sum, reply) => sum + reply.body.created, 0)).toBe(3_000);
    const again = await csv(text);
    expect(again.body).toMatchObject({ created: 0, duplicates: 3_000 });
    expect(again.body.duplicate_lines).toHaveLength(1_000);
    expect(await stored()).toHaveLength(3_000);
  });
});

describe('a file that is refused changes nothing', () => {
  let before: string;
  beforeEach(async () => {
    before = await api.everything();
  });
  afterEach(async () => {
    expect(await api.everything()).toBe(before);
    expect((await api.call('GET', '/readyz')).status).toBe(200);
  });

  const many = `handle\n${Array.from({ length: 12_000 }, (_, i) => `h${i}`).join('\n')}\n`;
  test.each([
    [
      'an unknown column',
      'handle,colour\njack,red',
      400,
      /line 1: the column "colour" is not known.*profile, handle/,
    ],
    ['a column twice', 'handle,Handle\njack,ev', 400, /twice/],
    ['no column that names the profile', 'group\nNews', 400, /exactly one column/],
    ['two columns that name it', 'id,handle\n1,jack', 400, /exactly one column/],
    ['nothing in it', '', 400, /empty/],
    ['only empty lines', '\n\n\n', 400, /empty/],
    ['a quote never closed', `${many}ok\n"cut off`, 400, /line 12003: a quote that is opened here/],
    ['a quote never closed, and much after it', `handle\n"jack\n${many}`, 400, /line 2: is longer than/],
    ['text after a quote', `${many}"jack"x\n`, 400, /line 12002: has text after/],
    ['a quote within a field', `${many}ja"ck"\n`, 400, /line 12002: has a quote in the middle/],
  ])('%s', async (_, text, status, detail) => {
    const reply = await csv(text);
    expect(reply.status).toBe(status);
    expect(reply.headers.get('content-type')).toMatch(/problem\+json/);
    expect(reply.body.detail).toMatch(detail);
  });

  test('text that is not UTF-8', async () => {
    const latin = Buffer.concat([Buffer.from(`${many}ok\n`), Buffer.from('jos\xe9\n', 'latin1')]);
    expect((await csv(latin)).body.detail).toMatch(/line 12003: is not valid UTF-8/);
    expect((await csv(Buffer.from('id\n\xc3', 'latin1'))).body.detail).toMatch(/line 2: is not valid UTF-8/);
    expect((await csv(Buffer.from('\ufeffid\n12', 'utf16le'))).body.detail).toMatch(
      /line 1: is not valid UTF-8/,
    );
  });

  test('another type, encoding or character set', async () => {
    expect((await csv('id\n1', { 'content-type': 'application/json' })).status).toBe(415);
    expect((await csv('id\n1', { 'content-type': 'text/csv; charset=utf-16' })).status).toBe(415);
    expect((await csv('id\n1', { 'content-encoding': 'br' })).status).toBe(415);
    expect((await api.call('POST', path)).status).toBe(415);
    expect((await csv('id\n1', { 'content-type': 'text/csv; charset="UTF-8"' })).status).toBe(200);
    await api.pool.query('TRUNCATE profiles CASCADE');
  });

  test('gzip that is damaged, cut off, or a bomb', async () => {
    const packed = gzipSync(many);
    const headers = { 'content-encoding': 'gzip' };
    expect((await csv(packed.subarray(0, -20), headers)).body.detail).toMatch(/gzip/);
    expect((await csv('handle\njack', headers)).body.detail).toMatch(/gzip/);
    const bomb = await csv(gzipSync(`handle\n${`${'x'.repeat(999)}\n`.repeat(30_000)}`), headers);
    expect(bomb.status).toBe(413);
  });

  test('one that is too large, said or found', async () => {
    const said = await csv(Buffer.alloc(10_000_001, 'jack\n'));
    expect(said.status).toBe(413);
    expect(said.body.detail).toMatch(/10000000 bytes/);
    const found = await stream(csvOf(15_000, () => 'x'.repeat(999)));
    expect(found.status).toBe(413);
  });

  test('one whose connection is lost halfway', async () => {
    for (const lose of ['destroy', 'end'] as const) {
      const socket = connect(api.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\ncontent-length: 9999999\r\n\r\n${many}`,
      );
      await sleep(300);
      socket[lose]();
      await sleep(200);
    }
    expect(
      (
        await api.pool.query(
          `SELECT FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()`,
        )
      ).rowCount,
    ).toBe(0);
  });

  test('one that stands still', async () => {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const request = httpRequest(
      api.url + path,
      { method: 'POST', headers: { 'content-type': 'text/csv' } },
      response => {
        resolve(response.statusCode);
        response.resume();
      },
    );
    request.on('error', reject);
    request.write(many);
    expect(await promise).toBe(408);
    request.destroy();
  });

  test('one during which the database goes away', async () => {
    async function* slow() {
      yield new TextEncoder().encode(many);
      await sleep(200);
      await api.pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()`,
      );
      yield new TextEncoder().encode(many.slice(7));
    }
    const reply = await stream(slow());
    expect(reply.status).toBe(503);
    expect(reply.headers.get('retry-after')).toBe('5');
  });

  test('a third at the same time', async () => {
    const gate = Promise.withResolvers<void>();
    async function* waiting() {
      yield new TextEncoder().encode('nonsense');
      await gate.promise;
      yield new TextEncoder().encode('\n');
    }
    const running = [stream(waiting()), stream(waiting())];
    await sleep(200);
    const third = await csv('id\n1');
    expect(third.status).toBe(429);
    expect(third.headers.get('retry-after')).toBe('10');
    gate.resolve();
    expect((await Promise.all(running)).map(reply => reply.status)).toEqual([400, 400]);
  });
});

test('a client that leaves in the middle of the report leaves nothing behind', async () => {
  const body = `handle\n${'not a handle at all\n'.repeat(100_000)}`;
  const socket = connect(api.port, '127.0.0.1');
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await once(socket, 'data');
  socket.destroy();
  const importing = () =>
    api.pool.query(`SELECT FROM pg_class WHERE relname = 'import_lines'`).then(result => result.rowCount);
  await expect.poll(importing, { timeout: 10_000 }).toBe(0);
  expect(api.logged.filter(line => line.level === 'error')).toEqual([]);
  expect((await csv('id\n1')).status).toBe(200);
});

describe('memory', () => {
  /** Generous: what the process is over its start would be some 150 MB if the lines were kept. */
  const bound = 120 * 1024 * 1024;
  async function grownWhile(work: () => Promise<void>): Promise<number> {
    const before = process.memoryUsage().rss;
    let most = before;
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 20);
    await work();
    clearInterval(timer);
    return most - before;
  }

  test('does not grow with the lines: 200,000 imported', async () => {
    const grown = await grownWhile(async () => {
      const reply = await stream(csvOf(200_000, index => `handle_${index}`));
      expect(reply.body).toMatchObject({ lines: 200_000, created: 200_000 });
    });
    expect(grown).toBeLessThan(bound);
  });

  test('does not grow with what is rejected: 200,000 wrong lines come back as a stream', async () => {
    const response = await fetch(api.url + path, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: ReadableStream.from(csvOf(200_000, index => `wrong-${index}`)) as ReadableStream<
        Uint8Array<ArrayBuffer>
      >,
      duplex: 'half',
    } as RequestInit);
    let bytes = 0;
    const grown = await grownWhile(async () => {
      for await (const chunk of response.body ?? []) bytes += chunk.length;
    });
    expect(bytes).toBeGreaterThan(200_000 * 60);
    expect(grown).toBeLessThan(bound);
  });
});
