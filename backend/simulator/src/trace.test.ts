import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { snowflakeAt, snowflakeTime } from '@app/x-api/snowflake';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTrace, type Trace } from './trace.ts';
import { traceProfiles, traceSource } from './trace-source.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trace-'));
});
afterAll(() => rm(folder, { recursive: true }));

const read = async (content: string | Buffer, name = 'trace.csv'): Promise<Trace> => {
  const path = join(folder, name);
  await writeFile(path, content);
  return readTrace(path);
};

const csv = 'account,unix_seconds\nb,20\na,10.5\n\na,10.5\r\nb,5\n  a , 30 \n';

describe('a trace file', () => {
  it('is read unsorted, with duplicates, blank lines and fractions', async () => {
    const trace = await read(csv);
    expect([...trace.accounts]).toEqual([
      ['b', Float64Array.of(5, 20)],
      ['a', Float64Array.of(10.5, 10.5, 30)],
    ]);
    expect(trace).toMatchObject({ first: 5, last: 30 });
  });

  it('may be gzipped, whatever its name, and may lack its header or its last newline', async () => {
    expect(await read(gzipSync(csv), 'plain.csv')).toEqual(await read(csv));
    expect(await read(csv, 'plain.csv.gz')).toEqual(await read(csv));
    expect(await read('b,20\na,10.5\na,10.5\nb,5\na,30')).toEqual({ ...(await read(csv)) });
    expect(await read(`\uFEFF${csv}`)).toEqual(await read(csv));
  });

  it('may be longer than one chunk', async () => {
    const lines = Array.from(
      { length: 50_000 },
      (_, index) => `account${index % 7},${1_700_000_000 + index}`,
    );
    const trace = await read(gzipSync(lines.join('\n')));
    expect([...trace.accounts.values()].reduce((sum, events) => sum + events.length, 0)).toBe(50_000);
  });

  it.each([
    ['a,1\nb\n', 2],
    ['a,1\n\nb,yesterday\n', 3],
    ['account,unix_seconds\naccount,unix_seconds\n', 2],
    ['who,when\n', 1],
    ['a,1\n,2\n', 2],
    ['a,1,2\n', 1],
    ['a,1\na,1e3\n', 2],
  ])('%j is refused for its line %i', async (content, line) => {
    await expect(read(content)).rejects.toThrow(`line ${line}:`);
  });

  it('must hold something, be there and be whole', async () => {
    await expect(read('account,unix_seconds\n\n')).rejects.toThrow('holds no event');
    await expect(readTrace(join(folder, 'nowhere.csv'))).rejects.toThrow('ENOENT');
    const half = gzipSync(Array.from({ length: 9999 }, (_, index) => `a,${index * 7919}`).join('\n'));
    await expect(read(half.subarray(0, half.length / 2))).rejects.toThrow('unexpected end of file');
  });
});

describe('a replayed trace', () => {
  const startAt = Date.UTC(2026, 10, 22);
  const trace: Trace = {
    accounts: new Map([
      ['ann', Float64Array.of(100, 160, 160, 220)],
      ['bob', Float64Array.of(4000)],
    ]),
    first: 100,
    last: 4000,
  };
  const source = traceSource(trace, { from: 100, startAt, speed: 60 });

  it('shows each event from its millisecond on', () => {
    expect(source.account('1', startAt - 1)).toBeNull();
    expect(source.account('1', startAt)).toMatchObject({
      id: '1',
      handle: 'trace_1',
      postCount: 1,
      createdAt: startAt,
      lastPostId: snowflakeAt(startAt),
    });
    expect(source.account('1', startAt + 999)?.postCount).toBe(1);
    expect(source.account('1', startAt + 1000)).toMatchObject({
      postCount: 3,
      lastPostId: snowflakeAt(startAt + 1000, 1),
    });
    expect(source.account('1', startAt + 9e9)).toMatchObject({
      postCount: 4,
      lastPostId: snowflakeAt(startAt + 2000),
      createdAt: startAt,
    });
  });

  it('knows an account from its first event on, by id and by handle', () => {
    expect(source.idOf('TRACE_2', startAt)).toBeNull();
    expect(source.idOf('TRACE_2', startAt + 65_000)).toBe('2');
    expect(source.account('3', startAt)).toBeNull();
    expect(source.idOf('bob', startAt + 65_000)).toBeNull();
  });

  it('rounds to the millisecond', () => {
    const fine = traceSource(
      { accounts: new Map([['a', Float64Array.of(0.0004, 0.0006)]]), first: 0, last: 1 },
      { from: 0, startAt, speed: 1 },
    );
    expect(fine.account('1', startAt)?.postCount).toBe(1);
    expect(fine.account('1', startAt + 1)?.postCount).toBe(2);
  });

  it('may begin in the middle: what lies before has happened, even before there were snowflakes', () => {
    const old = traceSource(trace, { from: 4000, startAt: 1_288_900_000_000, speed: 0.00001 });
    const id = old.account('1', 1_288_900_000_000)?.lastPostId ?? '';
    expect(snowflakeTime(id, startAt)).toEqual({ kind: 'before_2010' });
    expect(() => traceSource(trace, { from: 0, startAt, speed: 0 })).toThrow(RangeError);
  });

  it('numbers the events of one millisecond in 12 bits', () => {
    const burst = new Float64Array(5000).fill(7);
    const many = traceSource(
      { accounts: new Map([['a', burst]]), first: 7, last: 7 },
      { from: 7, startAt, speed: 1 },
    );
    expect(many.account('1', startAt)?.lastPostId).toBe(snowflakeAt(startAt, 4999 % 4096));
  });
});

describe('the profiles of a trace', () => {
  const of = (...accounts: readonly string[]) =>
    traceProfiles({
      accounts: new Map(accounts.map(account => [account, Float64Array.of(1)])),
      first: 1,
      last: 1,
    });

  it('are the accounts themselves if all of them can be X ids', () => {
    expect(of('9223372036854775807', '12')).toEqual([
      { account: '12', id: '12', handle: 'trace_12' },
      { account: '9223372036854775807', id: '9223372036854775807', handle: 't_1y2p0ij32e8e7' },
    ]);
  });

  it('are numbered in sorted order otherwise', () => {
    expect(of('zoe', '12', 'ann')).toEqual([
      { account: '12', id: '1', handle: 'trace_1' },
      { account: 'ann', id: '2', handle: 'trace_2' },
      { account: 'zoe', id: '3', handle: 'trace_3' },
    ]);
    expect(of('0', '12').map(profile => profile.id)).toEqual(['1', '2']);
  });
});
