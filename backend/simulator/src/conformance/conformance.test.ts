import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseOpenApi, readOpenApi } from './open-api.ts';
import { runConformance, vocabularyOf } from './run.ts';
import { createValidator } from './validator.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** A small document of our own, with one of each thing that X's documents use. */
const document = (user: object = {}) => {
  const failure = {
    content: {
      'application/json': { schema: ref('Error') },
      'application/problem+json': { schema: ref('Problem') },
    },
  };
  const operation = {
    get: {
      responses: { 200: { content: { 'application/json': { schema: ref('Users') } } }, default: failure },
    },
  };
  return {
    openapi: '3.0.0',
    info: { version: 'tiny' },
    paths: { '/2/users': operation, '/2/users/by': operation, '/2/usage/tweets': operation },
    components: {
      schemas: {
        Users: {
          type: 'object',
          properties: {
            data: { type: 'array', items: ref('User') },
            errors: { type: 'array', items: ref('Problem') },
          },
        },
        User: {
          type: 'object',
          required: ['id', 'username'],
          properties: {
            id: { type: 'string' },
            username: { type: 'string' },
            created_at: { type: 'string', format: 'date-time' },
            most_recent_tweet_id: { type: 'string', nullable: true },
            ...user,
          },
        },
        Error: { type: 'object', required: ['code'], properties: { code: { type: 'integer' } } },
        Problem: {
          type: 'object',
          required: ['type', 'title'],
          properties: { type: { type: 'string' }, title: { type: 'string' } },
          discriminator: {
            propertyName: 'type',
            mapping: { 'about:blank': '#/components/schemas/Blank', 'x/gone': '#/components/schemas/Gone' },
          },
        },
        Blank: { allOf: [ref('Problem')] },
        Gone: {
          allOf: [
            ref('Problem'),
            { type: 'object', required: ['value'], properties: { value: { type: 'string' } } },
          ],
        },
      },
    },
  };
};

const check = (body: unknown, status = 200, contentType = 'application/json') =>
  createValidator(parseOpenApi(document()))({
    path: '/2/users',
    status,
    contentType,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const user = { id: '1', username: 'a' };

describe('an answer', () => {
  it.each([
    [{ data: [user] }],
    [{ data: [{ ...user, created_at: '2026-01-01T00:00:00.000Z', most_recent_tweet_id: null }] }],
    [{ errors: [{ type: 'x/gone', title: 'Gone', value: '1', extra: 1 }] }],
    [{}],
  ])('that is as the document says passes: %j', body => {
    expect(check(body)).toEqual({ schema: 'Users', wrong: null });
  });

  it.each([
    ['a missing member', { data: [{ id: '1' }] }, "must have required property 'username'"],
    ['a wrong type', { data: [{ ...user, id: 1 }] }, 'must be string'],
    [
      'an undeclared member',
      { data: [{ ...user, most_recent_twet_id: '1' }] },
      'must NOT have additional properties',
    ],
    ['an undeclared list', { dat: [] }, 'must NOT have additional properties'],
    ['a wrong format', { data: [{ ...user, created_at: '2026-01-01' }] }, 'must match format "date-time"'],
    ['null where it may not be', { data: [{ ...user, created_at: null }] }, 'must be string'],
    [
      'a problem without its kind’s member',
      { errors: [{ type: 'x/gone', title: 'G' }] },
      "required property 'value'",
    ],
    ['a problem of no known kind', { errors: [{ type: 'x/odd', title: 'O' }] }, 'one of the allowed values'],
    ['a problem without a type', { errors: [{ title: 'O' }] }, "must have required property 'type'"],
    ['no JSON', '<html>', 'no JSON'],
  ])('with %s is reported', (_, body, wrong) => {
    expect(check(body).wrong).toContain(wrong);
  });

  it('is held against the schema of its status and content type', () => {
    const problem = 'application/problem+json';
    expect(check({ type: 'about:blank', title: 'T' }, 503, problem)).toEqual({
      schema: 'Problem',
      wrong: null,
    });
    expect(check({ code: 1 }, 503)).toEqual({ schema: 'Error', wrong: null });
    expect(check({ type: 'about:blank', title: 'T' }, 503).wrong).toContain("'code'");
    expect(check({}, 200, problem).wrong).toBe(
      'the document has no application/problem+json for 200 of /2/users',
    );
  });
});

describe('the check of the simulator', () => {
  const resultOf = async (given: object, request: string) => {
    const rows = await runConformance(parseOpenApi(given));
    return rows.find(row => row.request === request);
  };

  it('passes what the document allows', async () => {
    expect(await resultOf(document(), 'no token')).toMatchObject({
      status: 401,
      schema: 'Problem',
      result: 'ok',
    });
  });

  it('reports what the document does not allow', async () => {
    const strict = document();
    strict.components.schemas.Problem.properties.title.type = 'integer';
    expect(await resultOf(strict, 'no token')).toMatchObject({
      result: 'WRONG',
      reason: 'body/title must be integer',
    });
  });

  it('excuses a listed deviation for its own complaint only, and only where there is one', async () => {
    const strict = document();
    strict.components.schemas.Error.required = ['message'];
    expect(await resultOf(document(), 'rate limited code88')).toMatchObject({
      result: 'measured, not in the spec',
    });
    expect(await resultOf(strict, 'rate limited code88')).toMatchObject({ result: 'WRONG' });
    const lax = document();
    lax.components.schemas.Error = { type: 'object' } as never;
    expect(await resultOf(lax, 'rate limited code88')).toMatchObject({
      result: 'WRONG',
      reason: 'needs no excuse',
    });
  });

  it('takes the vocabulary from the document', () => {
    expect(vocabularyOf(parseOpenApi(document()))).toBe('tweet');
    expect(vocabularyOf(parseOpenApi(document({ most_recent_post_id: { type: 'string' } })))).toBe('post');
    const silent = document();
    silent.components.schemas.User = { type: 'object' } as never;
    expect(() => vocabularyOf(parseOpenApi(silent))).toThrow('knows no last post');
  });
});

describe('the command', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'conformance-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const run = (...args: readonly string[]) =>
    new Promise<{ code: number; out: string; err: string }>(resolve => {
      const main = join(import.meta.dirname, 'main.ts');
      const child = execFile(process.execPath, [main, ...args], { timeout: 20_000 }, (_, out, err) => {
        resolve({ code: child.exitCode ?? -1, out, err });
      });
    });

  it('prints its table and exits with 1 if anything is wrong', async () => {
    const path = join(folder, 'tiny.json');
    await writeFile(path, JSON.stringify(document()));
    const { code, out } = await run('--spec', path);
    expect(code).toBe(1);
    expect(out).toMatch(/^request +status +schema +ok/m);
    expect(out).toMatch(/^a user by id +200 +Users +WRONG/m);
    expect(out).toMatch(/^no token +401 +Problem +ok$/m);
  }, 20_000);

  it.each([
    [[]],
    [['--spec']],
    [['--what']],
    [['--spec', '/nowhere.json']],
    [['--spec', import.meta.filename]],
  ])(
    'says in one line what is missing and exits with 2: %j',
    async args => {
      const { code, out, err } = await run(...args);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err.trim().split('\n')).toHaveLength(1);
    },
    20_000,
  );

  it('does not take any JSON for a specification', async () => {
    const path = join(folder, 'other.json');
    await writeFile(path, '{"openapi":"2.0"}');
    await expect(readOpenApi(path)).rejects.toThrow('not an OpenAPI 3 document: openapi');
  });
});
