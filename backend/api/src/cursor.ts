import { createHash } from 'node:crypto';
import { ProblemError } from './problem.ts';

/** A whole number that fits the database's 64 bits. */
const integer = /^-?(0|[1-9][0-9]{0,18})$/;

/**
 * A cursor is where a page ended, sealed with the list and the filters it belongs to: with another list or other filters
 * it would silently skip rows, so it is refused there. It is no secret, only opaque.
 */
export function writeCursor(list: readonly unknown[], place: readonly string[]): string {
  return Buffer.from(JSON.stringify([seal(list), ...place])).toString('base64url');
}

/** The place, each part checked by its own test; null when there is no cursor. */
export function readCursor(
  list: readonly unknown[],
  tests: readonly ((part: string) => boolean)[],
  cursor: string | undefined,
): string[] | null {
  if (cursor === undefined) return null;
  const [sealed, ...place] = decode(cursor);
  const valid =
    sealed === seal(list) &&
    place.length === tests.length &&
    tests.every((test, index) => test(place[index] ?? ''));
  if (valid) return place;
  throw new ProblemError(
    'invalid-cursor',
    'cursor: take it unchanged from next_cursor of the same list with the same filters, or leave it out to begin anew',
    { errors: [{ parameter: 'cursor', detail: 'is not one of this list and these filters' }] },
  );
}

export function isBigint(part: string): boolean {
  return integer.test(part) && BigInt.asIntN(64, BigInt(part)) === BigInt(part);
}

export function isInt32(part: string): boolean {
  return integer.test(part) && Math.abs(Number(part)) <= 2_147_483_647;
}

/** Microseconds since 1970, between the years 1 and 9999: what lies outside breaks the database's arithmetic. */
export function isMicroseconds(part: string): boolean {
  if (!integer.test(part)) return false;
  const value = BigInt(part);
  return value > -62_135_596_800_000_000n && value < 253_402_300_800_000_000n;
}

function decode(cursor: string): string[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(value) && value.every(part => typeof part === 'string') ? value : [];
  } catch {
    return [];
  }
}

function seal(list: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(list)).digest('base64url').slice(0, 10);
}
