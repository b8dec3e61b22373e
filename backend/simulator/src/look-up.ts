import { distort, type Envelope } from './distort.ts';
import type { Faults, InsideFault, ProfileFault } from './faults.ts';
import { share } from './hash.ts';
import { type Answer, json, notFound, suspended } from './problems.ts';
import type { Query } from './query.ts';
import { renderPost, renderUser } from './render.ts';
import type { Account, ActivitySource, WallTime } from './source.ts';
import { NAMES, type Vocabulary } from './vocabulary.ts';

/** One answer and what it costs: the users that X would bill, and the posts that came with them. */
export interface LookUpAnswer {
  readonly answer: Answer;
  readonly users: number;
  readonly posts: number;
}

/** The request, the world and what is to go wrong. */
export interface LookUp {
  readonly query: Query;
  readonly source: ActivitySource;
  readonly now: WallTime;
  readonly faults: Faults;
  readonly kind: InsideFault | null;
}

/** The account of one asked value, as changed by the faults of its profile. */
interface Found {
  readonly value: string;
  readonly account: Account | null;
  readonly fault: ProfileFault | undefined;
}

const isAbsent = (id: string, { missingField, seed }: Faults): boolean =>
  typeof missingField === 'number' ? share(seed, Number(id)) < missingField : missingField;

const find = (value: string, { query, source, now, faults }: LookUp): Found => {
  const id = query.parameter === 'ids' ? value : source.idOf(value, now);
  const account = id === null ? null : source.account(id, now);
  return { value, account, fault: id === null ? undefined : faults.profiles[id] };
};

const isGone = ({ account, fault }: Found): boolean =>
  account === null || account.state === 'not_found' || fault === 'not_found';

const isSuspended = ({ account, fault }: Found): boolean =>
  account?.state === 'suspended' || fault === 'suspended';

/** Strangers do not see the posts of a protected account. Whether X shows them its last post id is not known. */
const userOf = (account: Account, fault: ProfileFault | undefined, lookUp: LookUp): object => {
  const { query, faults, kind } = lookUp;
  const isProtected = account.state === 'protected' || fault === 'protected';
  const absent = fault === 'missing_field' || kind === 'missing_field' || isAbsent(account.id, faults);
  const user = renderUser(isProtected ? { ...account, state: 'protected' } : account, {
    vocabulary: faults.vocabulary ?? query.vocabulary,
    fields: query.fields,
    lastPost: query.lastPost && !isProtected && !absent,
  });
  return fault === 'malformed' ? { ...user, username: null } : user;
};

const collect = (found: readonly Found[], lookUp: LookUp, vocabulary: Vocabulary): Envelope => {
  const { parameter } = lookUp.query;
  const data: object[] = [];
  const errors: object[] = [];
  for (const one of found) {
    if (one.fault === 'not_answered') continue;
    if (isGone(one)) errors.push(notFound(vocabulary, parameter, one.value));
    else if (isSuspended(one)) errors.push(suspended(vocabulary, parameter, one.value));
    else if (one.account) data.push(userOf(one.account, one.fault, lookUp));
  }
  return { data, errors };
};

const postsOf = (data: readonly object[], vocabulary: Vocabulary): readonly object[] => {
  const name = NAMES[vocabulary].lastPost;
  const ids = data.map(user => (user as Readonly<Record<string, unknown>>)[name]);
  return ids.filter(id => typeof id === 'string').map(id => renderPost(id, vocabulary));
};

/** The answer to a valid look-up. Empty lists are left out, as X does. */
export const lookUp = (request: LookUp): LookUpAnswer => {
  const { query, faults, kind } = request;
  const vocabulary = faults.vocabulary ?? query.vocabulary;
  const found = query.values.map(value => find(value, request));
  const { data, errors } = distort(collect(found, request, vocabulary), kind, query, vocabulary);
  const posts = query.included ? postsOf(data, vocabulary) : [];
  const answer = json(200, {
    ...(data.length > 0 && { data }),
    ...(errors.length > 0 && { errors }),
    ...(posts.length > 0 && { includes: { [NAMES[vocabulary].posts]: posts } }),
  });
  const body =
    kind === 'truncated_json' ? answer.body.slice(0, Math.floor(answer.body.length / 2)) : answer.body;
  return { answer: { ...answer, body }, users: data.length, posts: posts.length };
};
