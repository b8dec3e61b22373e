import { parseArgs } from 'node:util';

export const parts = ['growth', 'end-to-end', 'limit', 'peers', 'traps'] as const;
export type Part = (typeof parts)[number];

export interface BenchOptions {
  readonly only: readonly Part[];
  /** How many profiles the pipeline is measured with; the largest is also where growth ends and traps are set. */
  readonly profiles: readonly number[];
  /** Of one window. */
  readonly seconds: number;
  readonly consumers: number;
}

const usage = `npm run bench -- [--only ${parts.join(',')}] [--profiles N,…] [--seconds S] [--consumers N]`;
const text = { type: 'string' } as const;
const known = { only: text, profiles: text, seconds: text, consumers: text };

/** Reads the command line; throws an Error of one line that says what is wrong and how it is used. */
export function readBenchOptions(args: readonly string[]): BenchOptions {
  const given = parse(args);
  return {
    only: given.only === undefined ? parts : given.only.split(',').map(partOf),
    profiles: (given.profiles ?? '1000000,10000000')
      .split(',')
      .map(one => numberOf('profiles', one, 10_000, 200_000_000))
      .sort((a, b) => a - b),
    seconds: numberOf('seconds', given.seconds ?? '30', 2, 3_600),
    consumers: numberOf('consumers', given.consumers ?? '1', 1, 64),
  };
}

function parse(args: readonly string[]): { readonly [Key in keyof typeof known]?: string } {
  try {
    return parseArgs({ args: [...args], options: known }).values;
  } catch (error) {
    throw new Error(`${(error as Error).message.split('. ')[0]}; use: ${usage}`);
  }
}

function partOf(name: string): Part {
  const part = parts.find(one => one === name.trim());
  if (part) return part;
  throw new Error(`--only knows ${parts.join(', ')}, not "${name}"; use: ${usage}`);
}

function numberOf(name: string, given: string, min: number, max: number): number {
  const value = Number(given.replaceAll('_', '').trim() || Number.NaN);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`--${name} must be a whole number from ${min} to ${max}, not "${given}"; use: ${usage}`);
}
