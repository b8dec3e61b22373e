import { expect, test } from 'vitest';
import { parseHeader, parseLine, readLines } from './lines.ts';
import { readRecords } from './records.ts';

const record = (...fields: string[]) => ({ fields, line: 7 });

test('a header names its columns in any case and order', () => {
  expect(parseHeader(record('Group', 'HANDLE'))).toEqual(['group', 'handle']);
});

test.each([
  [['handle', 'colour'], /line 7: the column "colour" is not known.*profile, handle, id, url, group/],
  [['group'], /exactly one column/],
  [['id', 'url'], /exactly one column/],
  [['id', 'id'], /twice/],
  [['id', ''], /"" is not known/],
])('the header %j is refused', (fields, reason) => {
  expect(() => parseHeader(record(...fields))).toThrow(reason);
});

test('a line becomes a profile, and what it leaves out is left to the group', () => {
  expect(parseLine(['profile', 'group', 'threshold', 'grace', 'basis'], record('@jack', '', '2d'))).toEqual({
    line: 7,
    id: null,
    handle: 'jack',
    group: null,
    threshold: 172_800,
    grace: null,
    basis: 'unstated',
    value: '',
    reason: null,
  });
});

test('a wrong line becomes its reason, and brings nothing else', () => {
  expect(parseLine(['handle', 'threshold'], record('jack', '0'))).toMatchObject({
    handle: null,
    value: '0',
    reason: 'threshold: must be at least 1 second',
  });
  expect(parseLine(['handle'], record('jack', 'ev')).reason).toBe('has 2 columns, the header has 1');
});

test('lines come in batches', async () => {
  async function* chunks() {
    yield Buffer.from('id\n');
    for (let i = 0; i < 1_000; i++) yield Buffer.from('12\n'.repeat(13));
  }
  const sizes: number[] = [];
  for await (const batch of readLines(readRecords(chunks()))) sizes.push(batch.length);
  expect(sizes).toEqual([5_000, 5_000, 3_000]);
});

test('a reader that leaves early closes the source', async () => {
  let closed = false;
  async function* chunks() {
    try {
      for (;;) yield Buffer.from('id\n1\n'.repeat(1_000));
    } finally {
      closed = true;
    }
  }
  for await (const _ of readRecords(chunks())) break;
  await expect.poll(() => closed).toBe(true);
});
