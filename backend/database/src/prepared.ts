import { createHash } from 'node:crypto';

/** A statement that a connection plans once and keeps: composed texts are named by what they say. */
export function prepared(text: string, values: readonly unknown[]) {
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  return { name, text, values: [...values] };
}

/** Collects the values of a composed statement. */
export function placesIn(values: unknown[]): (value: unknown) => string {
  return value => `$${values.push(value)}`;
}
