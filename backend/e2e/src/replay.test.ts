import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const main = fileURLToPath(new URL('./replay/main.ts', import.meta.url));
const trace = fileURLToPath(new URL('../traces/activity.csv.gz', import.meta.url));

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'monitor-replay-test-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function replay(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', chunk => {
    out += chunk;
  });
  child.stderr.on('data', chunk => {
    err += chunk;
  });
  const [code] = await once(child, 'exit');
  const last = out.trim().split('\n').at(-1) ?? '';
  return { code, err: err.trim(), summary: last.startsWith('{') ? JSON.parse(last) : null };
}

const days = [
  '--trace',
  trace,
  '--from',
  '2024-01-01',
  '--speed',
  '86400',
  '--threshold',
  '7',
  '--grace',
  '1',
];

// Two at a time (see maxConcurrency): a replay waits more than it works.
test.concurrent("real people's rhythm at a day a second: no alert is missed and none is false", async () => {
  const { code, summary } = await replay(...days, '--for', '30');
  expect(summary).toMatchObject({ profiles: 798, missed: 0, false: 0 });
  expect(summary.expected).toBeGreaterThan(400);
  expect(summary.raised).toBeGreaterThanOrEqual(summary.expected);
  expect(code).toBe(0);
});

test.concurrent('the same with a tenth of all answers wrong, two consumers, and the system killed three times', async () => {
  const { code, summary } = await replay(...days, '--for', '48', '--consumers', '2', '--chaos');
  expect(summary).toMatchObject({ profiles: 798, missed: 0, false: 0 });
  expect(summary.expected).toBeGreaterThan(300);
  expect(code).toBe(0);
});

test.concurrent('a trace with other names, unsorted and doubled, is replayed from its first event on', async () => {
  const file = join(folder, 'other.csv');
  const lines = [
    'account,unix_seconds',
    'bob,1700000300',
    'ann,1700000000',
    'bob,1700000010',
    'ann,1700000000',
    'ann,1700002400',
  ];
  await writeFile(file, `${lines.join('\r\n')}\r\n`);
  const { code, summary } = await replay(
    '--trace',
    file,
    '--speed',
    '120',
    '--threshold',
    '6',
    '--grace',
    '1',
    '--for',
    '22',
  );
  expect(summary).toMatchObject({ profiles: 2, missed: 0, false: 0 });
  expect(summary.expected).toBe(2);
  expect(code).toBe(0);
});

const wrong: [string, string[], RegExp][] = [
  ['no trace', [], /^replay: --trace is missing; use: npm run replay/],
  ['a trace that is not there', ['--trace', '/nowhere.csv', ...days.slice(4), '--for', '1'], /nowhere\.csv/],
  [
    'a speed of zero',
    ['--trace', trace, '--speed', '0', '--threshold', '7', '--grace', '1', '--for', '1'],
    /--speed must be a number from/,
  ],
  ['a date that is none', [...days, '--from', 'yesterday', '--for', '1'], /--from must be a date like/],
  ['an unknown option', [...days, '--for', '1', '--fast'], /--fast/],
];

test.each(wrong)('%s is one clear line', async (_, args, said) => {
  const { code, err } = await replay(...args);
  expect(err).toMatch(said);
  expect(err.split('\n').length).toBe(1);
  expect(code).toBe(1);
});
