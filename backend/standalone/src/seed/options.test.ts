import { expect, test } from 'vitest';
import { readSeedCommand } from './options.ts';

test('one number is enough: the embedded database of npm start, and the pace of its consumers', () => {
  expect(readSeedCommand(['--profiles', '1_000_000'], {})).toEqual({
    profiles: 1_000_000,
    databaseUrl: undefined,
    folder: '.data/demo',
    groups: undefined,
    speed: undefined,
    allDue: false,
    pace: {
      confirmDelay: 60_000,
      freshnessK: 86_400_000,
      freshnessFloor: 60_000,
      retryBase: 5_000,
      retryCap: 900_000,
    },
  });
});

test.each([
  ['the command line', ['--database-url', 'postgres://b/b'], {}, 'postgres://b/b'],
  ['the environment', [], { DATABASE_URL: 'postgres://a/a' }, 'postgres://a/a'],
  [
    'the command line before the environment',
    ['--database-url', 'postgres://b/b'],
    { DATABASE_URL: 'postgres://a/a' },
    'postgres://b/b',
  ],
  ['a folder before the environment', ['--data', 'here'], { DATABASE_URL: 'postgres://a/a' }, undefined],
])('the database is named by %s', (_, args, env, databaseUrl) => {
  expect(readSeedCommand(['--profiles', '5', ...args], env).databaseUrl).toBe(databaseUrl);
});

test.each([
  [[], '--profiles is missing'],
  [['--profiles', '0'], '--profiles must be a whole number from 1 to 1000000000, not "0"'],
  [['--profiles', '1.5'], '--profiles must be a whole number'],
  [['--profiles', '5', '--groups', 'many'], '--groups must be a whole number from 1 to 10000, not "many"'],
  [['--profiles', '5', '--speed', '30000'], '--speed must be a whole number from 1 to 20000'],
  [['--profiles', '5', '--due'], "Unknown option '--due'"],
  [['--profiles', '5', '--data', 'a', '--database-url', 'postgres://b/b'], 'name two databases'],
  [['--profiles', '5', '--database-url', 'nowhere'], 'DATABASE_URL: must be an address'],
])('%j is refused in one line', (args, message) => {
  expect(() => readSeedCommand(args, {})).toThrow(message);
});
