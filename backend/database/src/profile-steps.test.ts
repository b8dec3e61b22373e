import { type Status, statuses } from '@app/policy/status';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseRoute, type ProfileFilter, type Sizes, stepsOf } from './profile-steps.ts';

const sizes: Sizes = { all: 1_000_000, group: 30_000, statuses: 5_000, strays: 0 };
const search = { text: 'abc', anywhere: true };
const some = fc.subarray([...statuses], { minLength: 1 });

describe('a list is read by what has the fewest rows', () => {
  const cases: [string, ProfileFilter, Sizes | null, string][] = [
    ['all profiles without a filter', {}, sizes, 'all'],
    ['all profiles when every status is asked for', { statuses }, sizes, 'all'],
    ['the group', { groupId: 2 }, sizes, 'group'],
    ['those with the status', { statuses: ['late'] }, sizes, 'status'],
    ['those with the status, without a census too', { statuses: ['late'] }, null, 'status'],
    ['all profiles when most are active', { statuses: ['active'] }, { ...sizes, statuses: 800_000 }, 'all'],
    ['the active ones when few are', { statuses: ['active'] }, { ...sizes, statuses: 8_000 }, 'status'],
    ['all profiles without a census, as most are active', { statuses: ['active'] }, null, 'all'],
    ['the status of a larger group', { statuses: ['late'], groupId: 2 }, sizes, 'status'],
    [
      'the group with many of the status',
      { statuses: ['late'], groupId: 2 },
      { ...sizes, group: 100 },
      'group',
    ],
    ['the group without a census', { statuses: ['late'], groupId: 2 }, null, 'group'],
    ['the handles for a search', { search, statuses: ['late'] }, sizes, 'status'],
    ['each of a few for a search', { search, statuses: ['late'] }, { ...sizes, statuses: 900 }, 'few_status'],
    ['each of a few in a group for a search', { search, groupId: 2 }, { ...sizes, group: 900 }, 'few_group'],
  ];
  test.each(cases)('%s', (_name, filter, known, route) => {
    expect(chooseRoute(filter, known)).toBe(route);
  });
});

describe('the steps of a list', () => {
  test('by status ask for each status that is wanted, and for no other', () => {
    fc.assert(
      fc.property(some, fc.boolean(), (wanted, strays) => {
        const { first } = stepsOf({ statuses: wanted }, 'status', strays);
        const asked = new Set(first.flatMap(step => step.statuses ?? []));
        expect([...asked].sort()).toEqual([...wanted].sort());
      }),
    );
  });

  test('are all different, so that a place says which of them it is in', () => {
    const routes = fc.constantFrom('all', 'group', 'status', 'few_group', 'few_status' as const);
    fc.assert(
      fc.property(some, routes, fc.boolean(), fc.boolean(), (wanted, route, strays, isSearch) => {
        const filter = { statuses: wanted, ...(isSearch ? { search } : {}) };
        const { first, inside } = stepsOf(filter, route, strays);
        for (const last of [inside?.byIndex ?? [], inside?.byWalk ?? []]) {
          const places = [...first, ...last].map(step => `${step.source} ${step.match}`);
          expect(new Set(places).size).toBe(places.length);
        }
      }),
    );
  });

  test('look for strays only where there are some, and only among what is not known to be silent', () => {
    const sources = (wanted: Status[], strays: boolean) =>
      stepsOf({ statuses: wanted }, 'status', strays).first.map(step => step.source);
    expect(sources(['late'], false)).toEqual(['deadline', 'undecided']);
    expect(sources(['late'], true)).toEqual(['deadline', 'undecided', 'silent']);
    expect(sources(['inactive', 'suspended'], true)).toEqual(['silent', 'suspended']);
  });

  test('a search asks for what lies further in only when it may and has three letters', () => {
    const inside = (text: string, anywhere: boolean) =>
      stepsOf({ search: { text, anywhere } }, 'all', false).inside;
    expect(inside('abc', true)).not.toBeNull();
    expect(inside('ab', true)).toBeNull();
    expect(inside('abc', false)).toBeNull();
  });
});
