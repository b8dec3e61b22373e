import type { InsideFault } from './faults.ts';
import { pinnedPostGone, unavailableUser } from './problems.ts';
import type { Query } from './query.ts';
import type { Vocabulary } from './vocabulary.ts';

/** The two lists of an answer. */
export interface Envelope {
  readonly data: readonly object[];
  readonly errors: readonly object[];
}

type Distortion = (envelope: Envelope, query: Query, vocabulary: Vocabulary) => Envelope;

const idOf = (user: object): string => String('id' in user ? user.id : '');

const stranger = { id: '9223372036854775807', name: 'Nobody asked', username: 'nobody_asked' };

const withoutType = (error: object): object =>
  Object.fromEntries(Object.entries(error).filter(([key]) => key !== 'type'));

const withOtherHost = (error: object): object => {
  const { type, ...rest } = error as { readonly type: string };
  const host = type.startsWith('https://api.x.com') ? 'https://api.twitter.com' : 'https://api.x.com';
  return { ...rest, type: type.replace(/^https:\/\/[^/]+/, host) };
};

const same: Distortion = envelope => envelope;

/** What each fault inside a 200 does to its lists. None of them tells a lie about a user: they only hide or confuse. */
const DISTORTIONS: Readonly<Record<InsideFault, Distortion>> = {
  // Cutting the text and leaving the field out happen elsewhere.
  truncated_json: same,
  missing_field: same,
  duplicate_items: ({ data, errors }) => ({ data: [...data, ...data], errors: [...errors, ...errors] }),
  reordered: ({ data, errors }) => ({ data: data.toReversed(), errors: errors.toReversed() }),
  unasked_items: ({ data, errors }) => ({ data: [stranger, ...data], errors }),
  errors_only: (_, { parameter, values }, vocabulary) => ({
    data: [],
    errors: values.map(value => unavailableUser(vocabulary, parameter, value)),
  }),
  errors_without_type: ({ data, errors }) => ({ data, errors: errors.map(withoutType) }),
  errors_of_other_host: ({ data, errors }) => ({ data, errors: errors.map(withOtherHost) }),
  errors_of_includes: ({ data, errors }, _, vocabulary) => ({
    data,
    errors: [...errors, ...data.map(user => pinnedPostGone(vocabulary, idOf(user)))],
  }),
  partial_drop: ({ data, errors }) => ({ data: data.filter((_, index) => index % 2 === 1), errors }),
  malformed_items: ({ data, errors }) => ({
    data: data.map((user, index) => (index % 2 === 0 ? { ...user, username: null } : user)),
    errors,
  }),
};

export const distort = (
  envelope: Envelope,
  kind: InsideFault | null,
  query: Query,
  vocabulary: Vocabulary,
): Envelope => (kind === null ? envelope : DISTORTIONS[kind](envelope, query, vocabulary));
