import type { Observation } from '@app/policy/observation';
import { z } from 'zod';
import { type Asked, askedKey } from './asked.ts';
import type { Vocabulary } from './query.ts';
import { readProblem } from './read-problem.ts';
import { type Moment, readUser } from './read-user.ts';

/** Either list may be absent, but an answer with neither answers nothing. */
const envelope = z
  .object({ data: z.array(z.unknown()).nullish(), errors: z.array(z.unknown()).nullish() })
  .refine(({ data, errors }) => data || errors);

/** A success, read: what is known by key, and how many users X returned (and bills). */
export interface Answer {
  readonly byKey: ReadonlyMap<string, Observation>;
  readonly returned: number;
  /** The names that it uses; `null` when nothing in it tells. */
  readonly vocabulary: Vocabulary | null;
}

type Found = Map<string, Observation>;

const named = z.object({ id: z.unknown(), username: z.unknown() });

const keyOfUser = (item: unknown, asked: Asked): string | undefined => {
  const names = named.safeParse(item);
  if (!names.success) return undefined;
  return askedKey(asked, asked.by === 'ids' ? names.data.id : names.data.username);
};

/** Items come in any order; those not asked for are ignored, and of duplicates the first readable one counts. */
const collectUsers = (items: readonly unknown[], asked: Asked, moment: Moment, found: Found): void => {
  for (const item of items) {
    const key = keyOfUser(item, asked);
    if (key === undefined || found.get(key)?.kind === 'seen') continue;
    found.set(key, readUser(item, moment) ?? { kind: 'unknown', reason: 'malformed' });
  }
};

const isUnexplained = (observation: Observation | undefined): boolean =>
  observation?.kind === 'unknown' && observation.reason === 'unexplained_error';

/** Data wins over errors, and an error that explains wins over one that does not. */
const collectProblems = (items: readonly unknown[], asked: Asked, found: Found): void => {
  for (const item of items) {
    const { keys, observation } = readProblem(item, name => askedKey(asked, name));
    for (const key of keys) {
      if (!found.has(key) || isUnexplained(found.get(key))) found.set(key, observation);
    }
  }
};

const NAMES: readonly (readonly [string, Vocabulary])[] = [
  ['most_recent_tweet_id', 'tweet'],
  ['most_recent_post_id', 'post'],
];

const vocabularyOf = (items: readonly unknown[]): Vocabulary | null => {
  for (const item of items) {
    if (typeof item !== 'object' || item === null) continue;
    const name = NAMES.find(([field]) => Object.hasOwn(item, field));
    if (name) return name[1];
  }
  return null;
};

/** Reads the body of a 200; `null` if it is not the envelope of a look-up. */
export const readAnswer = (body: unknown, asked: Asked, moment: Moment): Answer | null => {
  const read = envelope.safeParse(body);
  if (!read.success) return null;
  const data = read.data.data ?? [];
  const found: Found = new Map();
  collectUsers(data, asked, moment, found);
  collectProblems(read.data.errors ?? [], asked, found);
  return { byKey: found, returned: data.length, vocabulary: vocabularyOf(data) };
};
