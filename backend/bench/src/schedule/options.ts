import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const oneDay = 86_400_000;

export interface ScheduleOptions {
  readonly trace: string;
  /** Milliseconds, as all durations and times here. */
  readonly threshold: number;
  readonly grace: number;
  /** "Last seen" is never older than this; Infinity: the budget alone decides. */
  readonly freshness: number;
  /** Checks per profile and day that `ours_fresh` may spend. */
  readonly budget: number;
  readonly from: number;
  readonly until: number;
}

const usage =
  'npm run bench:schedule -- [--trace FILE] [--threshold DAYS] [--grace DAYS] [--budget CHECKS_PER_PROFILE_DAY] [--freshness DAYS] [--from DATE] [--days N]';

const text = { type: 'string' } as const;
const known = {
  trace: text,
  threshold: text,
  grace: text,
  freshness: text,
  budget: text,
  from: text,
  days: text,
};
type Name = keyof typeof known;

/** Reads the command line; throws an Error of one line that says what is wrong and how it is used. */
export function readScheduleOptions(args: readonly string[]): ScheduleOptions {
  const given = parse(args);
  const from = dateOf(given.from ?? '2024-01-01');
  const days = (name: Name, otherwise: number, min: number) =>
    numberOf(name, given[name], otherwise, min, 3_650) * oneDay;
  return {
    trace: given.trace ?? fileURLToPath(new URL('../../../e2e/traces/activity.csv.gz', import.meta.url)),
    threshold: days('threshold', 7, 0.01),
    grace: days('grace', 0, 0),
    freshness: given.freshness === undefined ? Number.POSITIVE_INFINITY : days('freshness', 1, 0.001),
    budget: numberOf('budget', given.budget, 1, 0.001, 1_000),
    from,
    until: from + days('days', 120, 1),
  };
}

function parse(args: readonly string[]): { readonly [Key in Name]?: string } {
  try {
    return parseArgs({ args: [...args], options: known }).values;
  } catch (error) {
    throw new Error(`${(error as Error).message.split('. ')[0]}; use: ${usage}`);
  }
}

function numberOf(
  name: Name,
  given: string | undefined,
  otherwise: number,
  min: number,
  max: number,
): number {
  const value = given === undefined ? otherwise : Number(given.trim() || Number.NaN);
  if (value >= min && value <= max) return value;
  throw new Error(`--${name} must be a number from ${min} to ${max}, not "${given}"; use: ${usage}`);
}

function dateOf(given: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}/.test(given) ? Date.parse(given) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new Error(`--from must be a date like 2024-01-01, not "${given}"; use: ${usage}`);
}
