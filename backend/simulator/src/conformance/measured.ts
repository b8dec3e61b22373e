import type { Vocabulary } from '../vocabulary.ts';

/** What the document says against an answer, and why we give that answer all the same. */
export interface Deviation {
  readonly wrong: string;
  readonly why: string;
}

const type = (why: string): Deviation => ({
  wrong: 'body/type must be equal to one of the allowed values',
  why,
});

/** Whole-request errors that neither document describes. */
const COMMON: Readonly<Record<string, Deviation>> = {
  credits: type('402 CreditsDepleted, as users of the API report it'),
  'credits new': type('402 credits depleted, as seen on 2026-07-23'),
  'spend cap': type('only its name is known: nobody published the body'),
  'rate limited code88': {
    wrong: "body must have required property 'code'",
    why: 'the shape in X’s written documentation',
  },
  'bad gateway': {
    wrong: 'the document has no text/html for 502 of /2/users',
    why: 'gateways answer in HTML',
  },
};

const BLANK = 'about:blank, as seen on the wire; spec 2.167 lists nine types, and this is none of them';
const GATEWAY = 'any body was seen with such a status; ours only repeats it';

/** By request of the check. Nothing else may deviate. */
const DEVIATIONS: Readonly<Record<Vocabulary, Readonly<Record<string, Deviation>>>> = {
  tweet: COMMON,
  post: {
    ...COMMON,
    'no token': type(BLANK),
    'rate limited': type(BLANK),
    'server error': type(GATEWAY),
    unavailable: type(BLANK),
    'gateway timeout': type(GATEWAY),
    'client forbidden': type('client-forbidden, measured on 2026-08-23; it left the spec with 2.167'),
    'unsupported authentication': type(
      'the type of spec 2.166; spec 2.167 has none for the wrong kind of token',
    ),
    'usage cap': type('usage-capped, seen by users of the API; it left the spec with 2.167'),
  },
};

/** The deviation that an answer must show; `undefined`: none. */
export const deviationOf = (vocabulary: Vocabulary, request: string): Deviation | undefined =>
  DEVIATIONS[vocabulary][request];

/** A member that X sends in the old vocabulary, although spec 2.166 does not name it. */
const UNNAMED = 'media_count';

/** The same body without members that are known from X's own examples only; `null` if it has none. */
export const withoutMeasured = (
  vocabulary: Vocabulary,
  body: string,
): { readonly body: string; readonly why: string } | null => {
  if (vocabulary !== 'tweet' || !body.includes(`"${UNNAMED}"`)) return null;
  const rest = JSON.parse(body, (key, value) => (key === UNNAMED ? undefined : value));
  return {
    body: JSON.stringify(rest),
    why: `X’s own example of a user has ${UNNAMED}; the rest is as specified`,
  };
};
