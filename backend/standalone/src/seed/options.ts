import { parseArgs } from 'node:util';
import { paceOf } from '@app/consumer/consumer';
import { consumerSettings } from '@app/consumer/settings';
import type { Pace } from '@app/policy/next-check';
import { EnvError, processEnv, readEnv } from '@app/runtime/env';
import { databaseSettings } from '@app/runtime/settings';
import { z } from 'zod';
import { simulatedFolder } from '../options.ts';

export interface SeedCommand {
  readonly profiles: number;
  /** Absent: the embedded database in `folder`. */
  readonly databaseUrl: string | undefined;
  readonly folder: string;
  readonly groups: number | undefined;
  readonly speed: number | undefined;
  readonly allDue: boolean;
  readonly pace: Pace;
}

export const usage =
  'npm run seed -- --profiles N [--groups G] [--all-due] [--speed S] [--database-url URL | --data FOLDER]';

const text = { type: 'string' } as const;
const known = {
  profiles: text,
  groups: text,
  speed: text,
  data: text,
  'database-url': text,
  'all-due': { type: 'boolean' },
} as const;

/** Simulated people have ids up to 10^12; a disk ends sooner. */
const mostProfiles = 1_000_000_000;
const mostGroups = 10_000;
const fastest = 20_000;

/** Reads the command line, and from the environment what it leaves out. Throws an EnvError of one line. */
export function readSeedCommand(args: readonly string[], env = processEnv): SeedCommand {
  const given = parse(args);
  const named = { ...env, ...(given['database-url'] && { DATABASE_URL: given['database-url'] }) };
  const url = databaseSettings.DATABASE_URL.optional();
  const settings = readEnv(
    { ...consumerSettings, DATABASE_URL: url, DATA_DIR: z.string().optional() },
    named,
  );
  const profiles = numberOf('profiles', given.profiles, mostProfiles);
  if (profiles === undefined) throw new EnvError(`--profiles is missing; use: ${usage}`);
  if (given.data !== undefined && given['database-url'] !== undefined) {
    throw new EnvError(`--data and --database-url name two databases; use: ${usage}`);
  }
  return {
    profiles,
    databaseUrl: given.data === undefined ? settings.DATABASE_URL : undefined,
    folder: given.data ?? settings.DATA_DIR ?? simulatedFolder,
    groups: numberOf('groups', given.groups, mostGroups),
    speed: numberOf('speed', given.speed, fastest),
    allDue: given['all-due'] ?? false,
    pace: paceOf(settings),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: known }).values;
  } catch (error) {
    throw new EnvError(`${(error as Error).message.split('. ')[0]}; use: ${usage}`);
  }
}

function numberOf(name: string, given: string | undefined, max: number): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given.replaceAll('_', '') || Number.NaN);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new EnvError(`--${name} must be a whole number from 1 to ${max}, not "${given}"; use: ${usage}`);
}
