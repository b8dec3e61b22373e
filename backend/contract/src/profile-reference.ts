import { handle, type Reference, userId } from './reference.ts';

export type ParsedReference = { readonly reference: Reference } | { readonly problem: string };

const hosts = new Set([
  'x.com',
  'www.x.com',
  'mobile.x.com',
  'twitter.com',
  'www.twitter.com',
  'mobile.twitter.com',
]);

/** First path segments of X's own pages: no handle can be one of them. */
const reservedPaths = new Set(
  `about account compose download explore hashtag home i intent jobs login logout messages notifications oauth
  personalization privacy rules search settings share signup tos who_to_follow`.split(/\s+/),
);

/** Longer than any address of a profile: refused before it is looked at. */
const longest = 300;

/** A profile named in any way people write one: `jack`, `@jack`, `12`, `https://x.com/jack`, `x.com/i/user/12`. Digits alone are an id, `@123` is a handle. */
export function parseReference(text: string): ParsedReference {
  const trimmed = text.trim();
  if (trimmed === '') return { problem: 'is empty: give a handle, an id or an address of a profile' };
  if (trimmed.length > longest) return { problem: `must be at most ${longest} characters` };
  if (/^[0-9]+$/.test(trimmed)) return parseId(trimmed);
  if (/[/.:]/.test(trimmed)) return parseAddress(trimmed);
  return parseHandle(trimmed);
}

/** X's numeric user id, as text. */
export function parseId(text: string): ParsedReference {
  const trimmed = text.trim();
  // Asked first, because the schema's comparison of numbers throws where there is none.
  if (!/^[1-9][0-9]{0,18}$/.test(trimmed))
    return { problem: 'must be a numeric X user id of 1 to 19 digits' };
  const result = userId.safeParse(trimmed);
  if (result.success) return { reference: { id: result.data } };
  return { problem: result.error.issues[0]?.message ?? 'must be a numeric X user id' };
}

/** A handle, with or without its `@`. */
export function parseHandle(text: string): ParsedReference {
  const result = handle.safeParse(text.trim().replace(/^@/, ''));
  if (result.success) return { reference: { handle: result.data } };
  return { problem: `must be a handle: ${result.error.issues[0]?.message ?? 'it is not one'}` };
}

/** The address of a profile, or of a page below it, on x.com or twitter.com. */
export function parseAddress(text: string): ParsedReference {
  const trimmed = text.trim();
  if (trimmed.length > longest) return { problem: `must be at most ${longest} characters` };
  const url = toUrl(trimmed);
  if (
    url === null ||
    !hosts.has(url.hostname) ||
    url.port !== '' ||
    url.username !== '' ||
    url.password !== ''
  ) {
    return { problem: 'must be an address on x.com or twitter.com, like https://x.com/jack' };
  }
  return referenceOf(url.pathname.split('/').filter(segment => segment !== ''));
}

/** A reference as it stands in paths and reports: `12` or `@jack`. */
export function formatReference(reference: Reference): string {
  return 'id' in reference ? reference.id : `@${reference.handle}`;
}

function toUrl(text: string): URL | null {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  return /^https?:/i.test(address) && URL.canParse(address) ? new URL(address) : null;
}

function referenceOf(segments: string[]): ParsedReference {
  const [first, second, third] = segments;
  if (first === undefined) return { problem: 'names no profile: the address ends after the host' };
  if (first === 'i' && second === 'user' && third !== undefined) return parseId(third);
  if (reservedPaths.has(first.toLowerCase())) return { problem: `"${first}" is a page of X, not a profile` };
  return parseHandle(first);
}
