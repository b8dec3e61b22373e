import { parseArgs } from 'node:util';
import { runJob } from '@app/runtime/process';
import { type Measured, measure } from './measure.ts';

const usage = 'npm run bench:budget -- [--rate CALLS_PER_SECOND] [--seconds S]';
/** X's own limit (300 in 900 s) shows little in less than a minute and a half. */
const byDefault = [
  { rate: 1 / 3, seconds: 90 },
  { rate: 5, seconds: 20 },
  { rate: 50, seconds: 20 },
];

await runJob('bench:budget', async lifecycle => {
  const runs = readRuns(process.argv.slice(2));
  const measured: Measured[] = [];
  for (const run of runs) {
    process.stderr.write(`two consumers, ${run.rate.toFixed(2)} calls/s, ${run.seconds} s\n`);
    measured.push(await measure(run, lifecycle));
  }
  process.stdout.write(`${table(measured)}\n${JSON.stringify({ budget: measured })}\n`);
  return measured.every(one => one.over <= 2 && one.used >= 0.95) ? 0 : 1;
});

function readRuns(args: readonly string[]) {
  const options = { rate: { type: 'string' }, seconds: { type: 'string' } } as const;
  const given = parse(() => parseArgs({ args: [...args], options }).values);
  const number = (name: 'rate' | 'seconds', least: number, most: number) => {
    const value = given[name] === undefined ? null : Number(given[name]);
    if (value === null || (value >= least && value <= most)) return value;
    throw new Error(
      `--${name} must be a number from ${least} to ${most}, not "${given[name]}"; use: ${usage}`,
    );
  };
  const rate = number('rate', 0.01, 1_000);
  const seconds = number('seconds', 1, 3_600);
  const runs = rate === null ? byDefault : [{ rate, seconds: 30 }];
  return runs.map(run => ({ ...run, seconds: seconds ?? run.seconds }));
}

function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${(error as Error).message.split('. ')[0]}; use: ${usage}`);
  }
}

function table(measured: readonly Measured[]): string {
  const head = ['calls/s', 'seconds', 'calls', 'of the rate', 'most over R x window', 'shortest gap, ms'];
  const rows = measured.map(one => [
    one.rate.toFixed(2),
    String(one.seconds),
    String(one.calls),
    `${(100 * one.used).toFixed(1)} %`,
    `+ ${one.over.toFixed(2)}`,
    one.shortest_gap_ms.toFixed(1),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map(row => (row[i] ?? '').length)));
  return [head, ...rows]
    .map(row => row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  '))
    .join('\n');
}
