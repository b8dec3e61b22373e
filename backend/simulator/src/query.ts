import { type Answer, invalid, type Parameter } from './problems.ts';
import { ACCEPTED, KNOWN_EXPANSIONS, KNOWN_FIELDS, type Vocabulary } from './vocabulary.ts';

/** A valid look-up. */
export interface Query {
  readonly parameter: Parameter;
  readonly values: readonly string[];
  /** Picked by the request; it picks the answer's. */
  readonly vocabulary: Vocabulary;
  /** The asked members of a user, without those that only the other vocabulary has. */
  readonly fields: ReadonlySet<string>;
  readonly lastPost: boolean;
  /** Whether the newest posts themselves are to be included. */
  readonly included: boolean;
}

export type Parsed = { readonly query: Query } | { readonly refusal: Answer };

const MOST = 100;
const PATTERNS: Readonly<Record<Parameter, RegExp>> = {
  ids: /^[0-9]{1,19}$/,
  usernames: /^[A-Za-z0-9_]{1,15}$/,
};

const listOf = (search: URLSearchParams, name: string): readonly string[] =>
  (search.get(name) ?? '').split(',').filter(value => value !== '');

/** Whether the request uses a word that only this vocabulary has. */
const speaks = (search: URLSearchParams, vocabulary: Vocabulary): boolean => {
  const mine = ACCEPTED[vocabulary];
  const other = ACCEPTED[vocabulary === 'post' ? 'tweet' : 'post'];
  const isMine = (name: string, list: 'fields' | 'expansions'): boolean =>
    mine[list].includes(name) && !other[list].includes(name);
  return (
    search.has(mine.postFields) ||
    listOf(search, 'expansions').some(name => isMine(name, 'expansions')) ||
    listOf(search, 'user.fields').some(name => isMine(name, 'fields'))
  );
};

/** A word of the new vocabulary makes the answer new, unless one of the old stands beside it; old is the default. */
const vocabularyOf = (search: URLSearchParams): Vocabulary =>
  speaks(search, 'post') && !speaks(search, 'tweet') ? 'post' : 'tweet';

/** What is wrong with one parameter. */
interface Complaint {
  readonly parameter: string;
  readonly values: readonly string[];
  readonly message: string;
}

const unknownParameter = (search: URLSearchParams, parameter: Parameter): Complaint | null => {
  const known = [parameter, 'user.fields', 'expansions', 'tweet.fields', 'post.fields'];
  const name = [...search.keys()].find(key => !known.includes(key));
  if (name === undefined) return null;
  const message = `The query parameter [${name}] is not one of [${known.join(',')}]`;
  return { parameter: name, values: search.getAll(name), message };
};

const wrongCount = (values: readonly string[], parameter: Parameter): Complaint | null => {
  if (values.length >= 1 && values.length <= MOST) return null;
  const message =
    values.length === 0
      ? `The \`${parameter}\` query parameter can not be empty`
      : `The number of values in the \`${parameter}\` query parameter list [${values.length}] is not between 1 and ${MOST}`;
  return { parameter, values, message };
};

const wrongValue = (values: readonly string[], parameter: Parameter): Complaint | null => {
  const value = values.find(one => !PATTERNS[parameter].test(one));
  if (value === undefined) return null;
  const message = `The \`${parameter}\` query parameter value [${value}] is not valid`;
  return { parameter, values, message };
};

const unknownName = (
  search: URLSearchParams,
  parameter: string,
  known: ReadonlySet<string>,
): Complaint | null => {
  const values = listOf(search, parameter);
  const value = values.find(one => !known.has(one));
  if (value === undefined) return null;
  const accepted = [...known].sort().join(',');
  const message = `The \`${parameter}\` query parameter value [${value}] is not one of [${accepted}]`;
  return { parameter, values, message };
};

/** Reads a look-up as X does: one malformed item makes the whole request fail. */
export const parseQuery = (search: URLSearchParams, parameter: Parameter): Parsed => {
  const vocabulary = vocabularyOf(search);
  const values = (search.get(parameter) ?? '')
    .split(',')
    .filter((value, _, all) => value !== '' || all.length > 1);
  const complaint =
    unknownParameter(search, parameter) ??
    wrongCount(values, parameter) ??
    wrongValue(values, parameter) ??
    unknownName(search, 'user.fields', KNOWN_FIELDS) ??
    unknownName(search, 'expansions', KNOWN_EXPANSIONS);
  if (complaint) {
    return { refusal: invalid(vocabulary, complaint.parameter, complaint.values, complaint.message) };
  }
  const mine = ACCEPTED[vocabulary];
  const fields = new Set(listOf(search, 'user.fields').filter(name => mine.fields.includes(name)));
  const expansions = listOf(search, 'expansions').filter(name => mine.expansions.includes(name));
  const included = expansions.some(name => name.startsWith('most_recent_'));
  const lastPost = included || fields.has('most_recent_tweet_id');
  return { query: { parameter, values: [...new Set(values)], vocabulary, fields, lastPost, included } };
};
