import { expect, test } from 'vitest';
import { isBigint, isInt32, isMicroseconds, readCursor, writeCursor } from './cursor.ts';

test('a cursor comes back as the place it was made of', () => {
  const cursor = writeCursor(['list', 'a'], ['-5', 'x']);
  expect(cursor).toMatch(/^[\w-]+$/);
  expect(readCursor(['list', 'a'], [isBigint, part => part === 'x'], cursor)).toEqual(['-5', 'x']);
  expect(readCursor(['list', 'a'], [isBigint], undefined)).toBeNull();
});

test('a cursor fits only its own list and filters', () => {
  const cursor = writeCursor(['list', ['open'], undefined], ['5']);
  for (const list of [
    ['list'],
    ['list', undefined, ['open']],
    ['list', ['open', 'resolved'], undefined],
    ['other', ['open'], undefined],
  ]) {
    expect(() => readCursor(list, [isBigint], cursor)).toThrow(/next_cursor/);
  }
});

test('what would break the database’s arithmetic is refused', () => {
  expect(['9223372036854775807', '-9223372036854775808', '0'].every(isBigint)).toBe(true);
  expect(
    ['9223372036854775808', '-9223372036854775809', '1.5', '', '01', '+1', ' 1', '-0x1'].some(isBigint),
  ).toBe(false);
  expect(isMicroseconds('253402300799999999')).toBe(true);
  expect(isMicroseconds('9223372036854775807')).toBe(false);
  expect(isMicroseconds('-9223372036854775807')).toBe(false);
  expect([isInt32('2147483647'), isInt32('2147483648')]).toEqual([true, false]);
});
