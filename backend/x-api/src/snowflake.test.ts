import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { snowflakeAt, snowflakeTime } from './snowflake.ts';

const now = Date.UTC(2026, 10, 22);

describe('a snowflake', () => {
  it.each([
    ['1212092627178287104', '2019-12-31T19:26:16.568Z'],
    ['2080761390344937796', '2026-07-24T21:05:48.792Z'],
    ['1976325569252868096', '2025-10-09T16:35:08.720Z'],
    ['1800000000000000000', '2024-06-10T03:00:17.039Z'],
  ])('%s was made at %s', (id, time) => {
    expect(snowflakeTime(id, now)).toEqual({ kind: 'at', at: Date.parse(time) });
  });

  it('holds no time below the first id of 2010-11-06', () => {
    expect(snowflakeTime('698877342646271', now)).toEqual({ kind: 'before_2010' });
    expect(snowflakeTime('20', now)).toEqual({ kind: 'before_2010' });
    expect(snowflakeTime('698877342646272', now)).toEqual({ kind: 'at', at: Date.UTC(2010, 10, 6) });
  });

  it('from the future is impossible, except for a small skew that can be set', () => {
    const id = snowflakeAt(now + 60_000);
    expect(snowflakeTime(id, now).kind).toBe('at');
    expect(snowflakeTime(id, now, 59_999).kind).toBe('impossible');
    expect(snowflakeTime(snowflakeAt(now + 300_001), now).kind).toBe('impossible');
  });

  it.each(['', '0', '012', '-1', '1.5', 'abc', '9223372036854775808', '99999999999999999999'])(
    'is not made of %j',
    id => {
      expect(snowflakeTime(id, Number.MAX_SAFE_INTEGER)).toEqual({ kind: 'impossible' });
    },
  );

  it('gives back every time and keeps the order of times and sequences', () => {
    const times = fc.integer({ min: Date.UTC(2010, 10, 6), max: Date.UTC(2079, 0, 1) });
    const sequences = fc.integer({ min: 0, max: 4095 });
    fc.assert(
      fc.property(times, sequences, (at, sequence) => {
        const id = snowflakeAt(at, sequence);
        expect(snowflakeTime(id, at)).toEqual({ kind: 'at', at });
        expect(BigInt(id) < BigInt(snowflakeAt(at + 1))).toBe(true);
      }),
    );
  });

  it('cannot be made for a time before its epoch or a sequence of more than 12 bits', () => {
    expect(() => snowflakeAt(0)).toThrow(RangeError);
    expect(() => snowflakeAt(2 ** 43)).toThrow(RangeError);
    expect(() => snowflakeAt(now, 4096)).toThrow(RangeError);
  });
});
