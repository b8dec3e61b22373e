import { describe, expect, test } from 'vitest';
import { parseAddress, parseReference } from './profile-reference.ts';

const jack = { reference: { handle: 'jack' } };
const twelve = { reference: { id: '12' } };

describe('a reference is understood however people write it', () => {
  test.each([
    ['jack', jack],
    ['@jack', jack],
    ['  @jack ', jack],
    ['12', twelve],
    ['@12', { reference: { handle: '12' } }],
    ['https://x.com/jack', jack],
    ['http://www.x.com/jack/', jack],
    ['https://mobile.twitter.com/jack?lang=en', jack],
    ['HTTPS://TWITTER.COM/jack/status/20#m', jack],
    ['x.com/jack/with_replies', jack],
    ['twitter.com/@jack', jack],
    ['https://x.com/12', { reference: { handle: '12' } }],
    ['https://x.com/i/user/12', twelve],
    ['x.com/i/user/12/', twelve],
    ['9223372036854775807', { reference: { id: '9223372036854775807' } }],
  ])('%s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });
});

describe('what is no profile is refused with a reason', () => {
  test.each([
    ['', /empty/],
    ['@', /handle/],
    ['a'.repeat(16), /1 to 15/],
    ['jäck', /letters/],
    ['ja ck', /letters/],
    ['jack\0', /letters/],
    ['0', /numeric/],
    ['012', /numeric/],
    ['9223372036854775808', /at most/],
    ['1'.repeat(40), /numeric/],
    ['https://x.com/', /names no profile/],
    ['https://x.com/home', /page of X/],
    ['https://x.com/I/flow/login', /page of X/],
    ['x.com/search?q=jack', /page of X/],
    ['https://x.com/i/user/jack', /numeric/],
    ['https://x.com.evil.example/jack', /on x.com/],
    ['https://evil.example/x.com/jack', /on x.com/],
    ['https://user@x.com/jack', /on x.com/],
    ['https://x.com:444/jack', /on x.com/],
    ['javascript://x.com/jack', /on x.com/],
    ['https://x.com/%00', /letters/],
    [`https://x.com/${'a'.repeat(400)}`, /at most 300/],
  ])('%s', (text, reason) => {
    const parsed = parseReference(text);
    expect('problem' in parsed && parsed.problem).toMatch(reason);
  });
});

test('an address is wanted where an address is asked for', () => {
  expect('problem' in parseAddress('jack')).toBe(true);
});
