import { type AccountState, statuses as allStatuses, type Status } from '@app/policy/status';
import type { SourceName } from './profile-sources.ts';

/*
 * Which sources a list is read from, one after the other, so that each profile comes from exactly one of them. Pure.
 */

export interface ProfileFilter {
  readonly statuses?: readonly Status[] | undefined;
  readonly groupId?: number | undefined;
  /** Handles that begin with the text come first, then those that hold it further in, if `anywhere`. */
  readonly search?: { readonly text: string; readonly anywhere: boolean } | undefined;
}

export const routes = ['all', 'group', 'status', 'few_group', 'few_status'] as const;
/**
 * By what a list is read: by all profiles, those of the group, or those of the statuses; chosen with its first page and kept.
 * `few_`: so few that a search looks at each of them.
 */
export type Route = (typeof routes)[number];

export const matches = ['any', 'prefix', 'inside'] as const;
/** What of a search is asked of each candidate: nothing, that its handle begins so, or that it holds the text further in. */
export type Match = (typeof matches)[number];

export interface Step {
  readonly source: SourceName;
  readonly match: Match;
  readonly statuses?: readonly Status[] | undefined;
  /** Leaves out what the step `undecided` has shown. */
  readonly decided?: boolean;
}

export interface Steps {
  readonly first: readonly Step[];
  /** Handles that hold the text further in: from the index while they are few, else by looking at one profile after the other. */
  readonly inside: { readonly byIndex: readonly Step[]; readonly byWalk: readonly Step[] } | null;
}

/** How many profiles there are, as the last census counted: of the filter's group, and with its statuses. */
export interface Sizes {
  readonly all: number;
  readonly group: number;
  readonly statuses: number;
  /** Profiles that only the step `silent` finds, although they are not inactive. */
  readonly strays: number;
}

/** A search looks at so many profiles itself, before it asks an index of handles. */
const few = 2_000;
/** Walking over all profiles costs this many for each one shown; a list by status reads only those, but not by id. */
const mostWalkedPerShown = 20;
/** A trigram index knows nothing of texts shorter than three characters. */
const shortestInside = 3;

const stateOf: Readonly<Partial<Record<Status, Exclude<AccountState, 'ok'>>>> = {
  pending: 'unseen',
  suspended: 'suspended',
  protected: 'protected',
  not_found: 'not_found',
};
/** What a profile can be that shows its posts and is not known to be silent for too long. */
export const undecided: readonly Status[] = ['active', 'late', 'unknown'];

/** Reads by whatever has the fewest rows to look at; without a census, by what needs none. */
export function chooseRoute(filter: ProfileFilter, sizes: Sizes | null): Route {
  const route = fewestRows(filter, sizes);
  if (route === 'all' || sizes === null || !filter.search) return route;
  return sizes[route === 'group' ? 'group' : 'statuses'] <= few ? `few_${route}` : route;
}

function fewestRows({ statuses, groupId }: ProfileFilter, sizes: Sizes | null): 'all' | 'group' | 'status' {
  const some = statuses !== undefined && allStatuses.some(status => !statuses.includes(status));
  if (!some) return groupId === undefined ? 'all' : 'group';
  if (groupId !== undefined) return sizes === null || sizes.group <= sizes.statuses ? 'group' : 'status';
  if (!statuses.includes('active')) return 'status';
  return sizes === null || sizes.all <= sizes.statuses * mostWalkedPerShown ? 'all' : 'status';
}

export function stepsOf(filter: ProfileFilter, route: Route, strays: boolean): Steps {
  const base = (match: Match) => baseSteps(filter, route, strays, match);
  if (!filter.search) return { first: base('any'), inside: null };
  const { statuses, search } = filter;
  const inside = search.anywhere && search.text.length >= shortestInside;
  if (route.startsWith('few_')) {
    return { first: [...base('prefix'), ...(inside ? base('inside') : [])], inside: null };
  }
  const byIndex: Step[] = [{ source: 'inside', match: 'inside', statuses }];
  return {
    first: [{ source: 'prefix', match: 'any', statuses }],
    inside: inside ? { byIndex, byWalk: base('inside') } : null,
  };
}

function baseSteps({ statuses }: ProfileFilter, route: Route, strays: boolean, match: Match): Step[] {
  if (route === 'all') return [{ source: 'all', match, statuses }];
  if (route === 'group' || route === 'few_group') return [{ source: 'group', match, statuses }];
  return statusSteps(statuses ?? allStatuses, strays).map(step => ({ ...step, match }));
}

/** Each status where its profiles are found, the most urgent first. */
export function statusSteps(statuses: readonly Status[], strays: boolean): Omit<Step, 'match'>[] {
  const opened = undecided.filter(status => statuses.includes(status));
  const steps: Omit<Step, 'match'>[] = [];
  if (opened.length > 0) {
    steps.push({ source: 'deadline', statuses: opened }, { source: 'undecided', statuses: opened });
  }
  const silent = [...statuses.filter(status => status === 'inactive'), ...(strays ? opened : [])];
  if (silent.length > 0)
    steps.push({ source: 'silent', statuses: silent, decided: strays && opened.length > 0 });
  for (const status of allStatuses) {
    const state = stateOf[status];
    if (state && statuses.includes(status)) steps.push({ source: state, statuses: [status] });
  }
  if (statuses.includes('paused')) steps.push({ source: 'paused', statuses: ['paused'] });
  return steps;
}
