import { NAMES, type Vocabulary } from './vocabulary.ts';

/** An answer as it goes out. */
export interface Answer {
  readonly status: number;
  readonly type: 'application/json; charset=utf-8' | 'application/problem+json' | 'text/html; charset=utf-8';
  readonly body: string;
}

export const json = (status: number, body: object): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(body),
});

export const problem = (status: number, body: object): Answer => ({
  status,
  type: 'application/problem+json',
  body: JSON.stringify(body),
});

export const html = (status: number, title: string): Answer => ({
  status,
  type: 'text/html; charset=utf-8',
  body: `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
});

/** A problem that only repeats its status. */
export const blank = (status: number, title: string): Answer =>
  problem(status, { title, detail: title, type: 'about:blank', status });

export const typeOf = (vocabulary: Vocabulary, name: string): string =>
  `${NAMES[vocabulary].host}/2/problems/${name}`;

/** A refused parameter: X echoes what it was given. */
export const invalid = (
  vocabulary: Vocabulary,
  parameter: string,
  values: readonly string[],
  message: string,
): Answer =>
  problem(400, {
    errors: [{ parameters: { [parameter]: values }, message }],
    title: 'Invalid Request',
    detail: 'One or more parameters to your request was invalid.',
    type: typeOf(vocabulary, 'invalid-request'),
  });

/** The parameter that names the users, which X repeats in every error about one of them. */
export type Parameter = 'ids' | 'usernames';

interface Trouble {
  readonly title: string;
  readonly detail: string;
  readonly type: string;
}

const aboutUser = (parameter: Parameter, value: string, trouble: Trouble): object => ({
  value,
  detail: trouble.detail,
  title: trouble.title,
  resource_type: 'user',
  parameter,
  resource_id: value,
  type: trouble.type,
});

export const notFound = (vocabulary: Vocabulary, parameter: Parameter, value: string): object =>
  aboutUser(parameter, value, {
    title: 'Not Found Error',
    detail: `Could not find user with ${parameter}: [${value}].`,
    type: typeOf(vocabulary, 'resource-not-found'),
  });

/** The same type as "not found": only title and detail differ. */
export const suspended = (vocabulary: Vocabulary, parameter: Parameter, value: string): object =>
  aboutUser(parameter, value, {
    title: 'Forbidden',
    detail: `User has been suspended: [${value}].`,
    type: typeOf(vocabulary, 'resource-not-found'),
  });

export const unavailableUser = (vocabulary: Vocabulary, parameter: Parameter, value: string): object =>
  aboutUser(parameter, value, {
    title: 'Resource Unavailable',
    detail: `The user with ${parameter}: [${value}] is unavailable.`,
    type: typeOf(vocabulary, 'resource-unavailable'),
  });

/** About a post of the user, and so no news of the user. */
export const pinnedPostGone = (vocabulary: Vocabulary, id: string): object => {
  const parameter = vocabulary === 'tweet' ? 'pinned_tweet_id' : 'pinned_post_id';
  return {
    value: id,
    detail: `Could not find tweet with ${parameter}: [${id}].`,
    title: 'Not Found Error',
    resource_type: 'tweet',
    parameter,
    resource_id: id,
    section: 'includes',
    type: typeOf(vocabulary, 'resource-not-found'),
  };
};
