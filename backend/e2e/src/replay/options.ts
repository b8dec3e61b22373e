import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type ScenarioName, scenarioNames } from './scenario.ts';

export interface ReplayOptions {
  readonly trace: string;
  /** The second of the trace that happens when the watch begins; absent: its first event. */
  readonly from: number | null;
  readonly speed: number;
  /** Seconds of the wall clock. */
  readonly threshold: number;
  readonly grace: number;
  readonly duration: number;
  readonly consumers: number;
  readonly chaos: boolean;
  readonly scenario: ScenarioName | null;
}

const usage =
  'npm run replay -- --trace FILE [--from DATE] --speed N --threshold S --grace S --for S [--consumers N] [--chaos] [--scenario NAME]';

/** Reads the command line; throws an Error of one line that says what is wrong and how it is used. */
export function readReplayOptions(args: readonly string[]): ReplayOptions {
  const given = parse(args);
  const number = (name: keyof typeof given, min: number, max: number, whole: boolean) => {
    const value = Number(given[name]);
    const kind = whole ? 'a whole number' : 'a number';
    if (given[name] === undefined) throw new Error(`--${name} is missing; use: ${usage}`);
    if (Number.isNaN(value) || value < min || value > max || (whole && !Number.isInteger(value))) {
      throw new Error(`--${name} must be ${kind} from ${min} to ${max}, not "${given[name]}"`);
    }
    return value;
  };
  if (given.trace === undefined) throw new Error(`--trace is missing; use: ${usage}`);
  return {
    trace: resolve(given.trace),
    from: given.from === undefined ? null : dateOf(given.from),
    speed: number('speed', 1e-3, 1e9, false),
    threshold: number('threshold', 1, 1e9, true),
    grace: number('grace', 0, 1e9, true),
    duration: number('for', 1, 1e6, false),
    consumers: number('consumers', 1, 64, true),
    chaos: given.chaos,
    scenario: given.scenario === undefined ? null : scenarioOf(given.scenario),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        trace: text,
        from: text,
        speed: text,
        threshold: text,
        grace: text,
        for: text,
        consumers: { ...text, default: '1' },
        chaos: { type: 'boolean', default: false },
        scenario: text,
      },
    }).values;
  } catch (error) {
    throw new Error(`${(error as Error).message.split('. ')[0]}; use: ${usage}`);
  }
}

function scenarioOf(text: string): ScenarioName {
  const name = scenarioNames.find(one => one === text);
  if (name) return name;
  throw new Error(`--scenario must be one of ${scenarioNames.join(', ')}, not "${text}"`);
}

function dateOf(text: string): number {
  const seconds = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) / 1_000 : Number.NaN;
  if (Number.isNaN(seconds))
    throw new Error(`--from must be a date like 2024-01-01 or 2024-01-01T12:00:00Z, not "${text}"`);
  return seconds;
}
