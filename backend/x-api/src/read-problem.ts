import type { Gone, Unknown } from '@app/policy/observation';
import { z } from 'zod';
import { problemType } from './read-failure.ts';

const word = z.string().nullish().catch(undefined);
const name = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(undefined);

/** One item of `errors` in a 200. X requires little of it, and its batch example has not even a `type`. */
const wireProblem = z.object({
  title: word,
  detail: word,
  type: word,
  resource_type: word,
  parameter: word,
  section: word,
  value: name,
  resource_id: name,
});

type WireProblem = z.infer<typeof wireProblem>;

/** What an error says, and about which of the asked items (by their keys). */
export interface ReadProblem {
  readonly keys: readonly string[];
  readonly observation: Gone | Unknown;
}

const USER_PARAMETERS = new Set(['id', 'ids', 'username', 'usernames']);

/** An error about an included post or another object says nothing about the user who owns it. */
const isAboutUser = (problem: WireProblem): boolean => {
  const { resource_type: resource, parameter, section, detail } = problem;
  if (section === 'includes') return false;
  if (resource && resource !== 'user') return false;
  if (parameter && !USER_PARAMETERS.has(parameter)) return false;
  return Boolean(resource || parameter) || /\buser\b/i.test(detail ?? '');
};

const namedInDetail = (detail: string | null | undefined): readonly string[] =>
  [...(detail ?? '').matchAll(/\[([^\]]*)\]/g)].flatMap(match => (match[1] ?? '').split(','));

const keysOf = (problem: WireProblem, keyOf: (name: string) => string | undefined): readonly string[] => {
  const groups = [[problem.value ?? ''], [problem.resource_id ?? ''], namedInDetail(problem.detail)];
  const known = groups.map(names => names.map(one => keyOf(one.trim())).filter(key => key !== undefined));
  return known.find(keys => keys.length > 0) ?? [];
};

/** Suspended and not found share one type, or have none: only title and detail tell them apart. */
const observationOf = (problem: WireProblem): Gone | Unknown => {
  const type = problemType(problem.type ?? undefined);
  const title = problem.title ?? '';
  const detail = problem.detail ?? '';
  const unexplained: Unknown = { kind: 'unknown', reason: 'unexplained_error' };
  if (type !== undefined && type !== 'resource-not-found') return unexplained;
  if (/suspended/i.test(detail)) return { kind: 'suspended' };
  if (/could not find/i.test(detail)) return { kind: 'not_found' };
  if (detail !== '') return unexplained;
  if (title === 'Forbidden') return { kind: 'suspended' };
  return title === 'Not Found Error' ? { kind: 'not_found' } : unexplained;
};

/** Reads one item of `errors`; `keyOf` gives the asked key of a name, if it was asked. */
export const readProblem = (item: unknown, keyOf: (name: string) => string | undefined): ReadProblem => {
  const problem = wireProblem.safeParse(item);
  const nobody: ReadProblem = { keys: [], observation: { kind: 'unknown', reason: 'unexplained_error' } };
  if (!problem.success || !isAboutUser(problem.data)) return nobody;
  return { keys: keysOf(problem.data, keyOf), observation: observationOf(problem.data) };
};
