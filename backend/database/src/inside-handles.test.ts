import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partsOf, rarePartOf } from './inside-handles.ts';

test.each([
  ['ab', []],
  ['a_b', []],
  ['ab_cd', []],
  ['abc', ['abc']],
  ['abcde', ['abcde']],
  ['abcdef', ['bcdef', 'abcde']],
  ['the_real', ['real', 'the']],
  ['abcdefghijklmnop', ['lmnop', 'hijkl', 'efghi', 'abcde']],
])('of %s the index may be asked for %j', (text, parts) => {
  expect(partsOf(text)).toEqual(parts);
});

test('whatever holds the text holds each of its parts, and each part is a word that the index knows', () => {
  const texts = fc.stringMatching(/^[a-z0-9_]{1,50}$/);
  fc.assert(
    fc.property(texts, text => {
      const parts = partsOf(text);
      expect(parts.length > 0).toBe(/[a-z0-9]{3}/.test(text));
      expect(parts.length).toBeLessThanOrEqual(4);
      for (const part of parts) {
        expect(text).toContain(part);
        expect(part).toMatch(/^[a-z0-9]{3,5}$/);
      }
    }),
  );
});

test('the rarest part is asked for, unless it is in too many handles', () => {
  const handles = Array.from({ length: 10_000 }, (_, i) => `sim${i.toString(36).padStart(3, '0')}`);
  const among = (profiles: number) => ({ handles, profiles });
  expect(rarePartOf('sim01z', among(10_000_000))).toBe('im01z');
  expect(rarePartOf('sim', among(10_000_000))).toBeNull();
  expect(rarePartOf('sim', among(8_000))).toBe('sim');
  expect(rarePartOf('zzz', among(10_000_000))).toBe('zzz');
  expect(rarePartOf('a_b', among(10))).toBeNull();
});
