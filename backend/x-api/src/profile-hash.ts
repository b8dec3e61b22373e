import { hash } from 'node:crypto';

/**
 * What the account writes about itself, in either vocabulary. The username is left out: a new one is a rename, which is
 * a matter of its own.
 */
const SIGNS: readonly (readonly string[])[] = [
  ['name'],
  ['description'],
  ['location'],
  ['url'],
  ['entities'],
  ['profile_image_url'],
  ['profile_banner_url'],
  ['pinned_tweet_id', 'pinned_post_id'],
];

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/** The same text for the same content: keys sorted, and nothing where X sends null, '' or [] one day and nothing the next. */
const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value)
    .map(([key, inner]) => [key, canonical(inner)] as const)
    .filter(([, inner]) => !isEmpty(inner));
  return kept.length === 0 ? null : kept.sort(([a], [b]) => (a < b ? -1 : 1));
};

const signOf = (user: Readonly<Record<string, unknown>>, names: readonly string[]): unknown =>
  canonical(names.map(name => user[name]).find(value => value !== undefined));

/** 4 bytes of a hash that changes when the profile is edited, as a signed whole number; `null` if X sent none of the signs. */
export const profileHash = (user: Readonly<Record<string, unknown>>): string | null => {
  if (!SIGNS.flat().some(name => user[name] !== undefined)) return null;
  const signs = SIGNS.map(names => signOf(user, names)).map(sign => (isEmpty(sign) ? null : sign));
  return hash('sha256', JSON.stringify(signs), 'buffer').readInt32BE().toString();
};
