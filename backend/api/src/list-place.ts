import type { ListPlace } from '@app/database/profile-list';
import { type SourceName, sourceNames } from '@app/database/profile-sources';
import { matches, routes } from '@app/database/profile-steps';
import { isBigint, isMicroseconds, readCursor, writeCursor } from './cursor.ts';

/** Where a page of profiles ended, as a cursor. */
export function writeListPlace(list: readonly unknown[], place: ListPlace): string {
  return writeCursor(list, [place.route, place.match, `${place.source}:${place.at}`, place.id]);
}

export function readListPlace(list: readonly unknown[], cursor: string | undefined): ListPlace | null {
  const parts = readCursor(list, [oneOf(routes), oneOf(matches), isSourceAndKey, isBigint], cursor);
  if (parts === null) return null;
  const [route, match, sourceAndKey = '', id] = parts;
  // Each part has passed its test.
  return { route, match, ...split(sourceAndKey), id } as ListPlace;
}

function oneOf(words: readonly string[]) {
  return (part: string) => words.includes(part);
}

function isSourceAndKey(part: string): boolean {
  const { source, at } = split(part);
  if (!oneOf(sourceNames)(source)) return false;
  const isKey = keys[source as SourceName];
  return isKey ? isKey(at) : at === '';
}

function split(part: string) {
  const colon = part.indexOf(':');
  return { source: part.slice(0, Math.max(0, colon)), at: part.slice(colon + 1) };
}

/** What comes before the id in the order of a source. */
const keys: Readonly<Partial<Record<SourceName, (at: string) => boolean>>> = {
  deadline: isMicroseconds,
  prefix: at => at !== '' && at.length <= 100 && !at.includes('\0'),
};
