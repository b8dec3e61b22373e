import { snowflakeTime } from '@app/x-api/snowflake';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { destinyOf } from './fates.ts';
import { handleOf, renamedHandleOf } from './handles.ts';
import { rhythmOf } from './rhythm.ts';
import { rhythmSource } from './rhythms.ts';
import type { ActivitySource } from './source.ts';

const MINUTE = 60_000;
const noon = Date.UTC(2026, 10, 22, 12);
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

const lastPostTime = (source: ActivitySource, id: number, now: number): number | null => {
  const lastPostId = source.account(String(id), now)?.lastPostId ?? null;
  if (lastPostId === null) return null;
  const time = snowflakeTime(lastPostId, now, 0);
  if (time.kind !== 'at') throw new Error(`${lastPostId} is ${time.kind}`);
  return time.at;
};

describe('a simulated profile', () => {
  it('is the same after a restart, and another one with another seed', () => {
    const everything = (seed: number) => {
      const source = rhythmSource({ seed, speed: 1440 });
      return range(100).map(id => source.account(String(id), noon));
    };
    expect(everything(1)).toEqual(everything(1));
    expect(everything(2)).not.toEqual(everything(1));
  });

  it('has a higher post count exactly when it has a newer post id, and never posts in the future', () => {
    const cases = fc.record({
      seed: fc.nat(),
      speed: fc.constantFrom(1, 60, 1440, 20_000),
      id: fc.integer({ min: 1, max: 1e12 }),
      now: fc.integer({ min: Date.UTC(2020, 0, 7), max: Date.UTC(2033, 0, 1) }),
      later: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 86_400_000 })),
    });
    fc.assert(
      fc.property(cases, ({ seed, speed, id, now, later }) => {
        const source = rhythmSource({ seed, speed });
        const before = source.account(String(id), now);
        const after = source.account(String(id), now + later);
        fc.pre(rhythmOf(seed, id).habit !== 'lurker');
        if (!before?.lastPostId || !after?.lastPostId) throw new Error('everybody but a lurker has posted');
        const newer = BigInt(after.lastPostId) - BigInt(before.lastPostId);
        expect(Math.sign(after.postCount - before.postCount)).toBe(Number(newer > 0n) - Number(newer < 0n));
        expect(newer >= 0n).toBe(true);
        expect(lastPostTime(source, id, now)).toBeLessThanOrEqual(now);
      }),
      { numRuns: 3000 },
    );
  });

  it('counts every post: walking a day millisecond-exactly finds as many ids as the count rises', () => {
    const source = rhythmSource({ seed: 3, speed: 1440 });
    for (const id of range(60)) {
      const ids = new Set<string | null>();
      const end = noon + 5 * MINUTE;
      for (let now = end; now > noon; ) {
        const at = lastPostTime(source, id, now);
        if (at === null || at <= noon) break;
        ids.add(source.account(String(id), now)?.lastPostId ?? null);
        expect(lastPostTime(source, id, at)).toBe(at);
        now = at - 1;
      }
      const rise =
        (source.account(String(id), end)?.postCount ?? 0) -
        (source.account(String(id), noon)?.postCount ?? 0);
      expect(ids.size).toBe(rise);
    }
  });

  it('keeps its likes and follows, but for lurkers, who never post and whose likes and follows rise together', () => {
    const source = rhythmSource({ seed: 1, speed: 1440 });
    for (const id of range(300)) {
      const before = source.account(String(id), noon);
      const after = source.account(String(id), noon + 30 * MINUTE);
      const likes = (after?.likeCount ?? 0) - (before?.likeCount ?? 0);
      const isLurker = rhythmOf(1, id).habit === 'lurker';
      expect(likes > 0).toBe(isLurker);
      expect((after?.followingCount ?? 0) - (before?.followingCount ?? 0)).toBe(likes);
      if (isLurker) expect(after).toMatchObject({ lastPostId: null, postCount: 0 });
    }
  });

  it.each(['steady', 'office', 'bursty', 'weekly', 'dying', 'returning', 'lurker'])('can be %s', habit => {
    expect(range(200).some(id => rhythmOf(1, id).habit === habit)).toBe(true);
  });

  it('posts at the office in office hours only', () => {
    const source = rhythmSource({ seed: 1, speed: 1 });
    const offices = range(200).filter(id => rhythmOf(1, id).habit === 'office');
    for (const id of offices) {
      const local = (lastPostTime(source, id, noon) ?? 0) + rhythmOf(1, id).phase;
      expect(new Date(local).getUTCDay()).toBeGreaterThanOrEqual(1);
      expect(new Date(local).getUTCDay()).toBeLessThanOrEqual(5);
      expect(new Date(local).getUTCHours()).toBeGreaterThanOrEqual(9);
      expect(new Date(local).getUTCHours()).toBeLessThan(17);
    }
  });

  it('keeps going for the steady, and stops for good for the dying', () => {
    const source = rhythmSource({ seed: 1, speed: 1440 });
    const farFuture = Date.UTC(2034, 5, 1);
    const silence = (id: number): number => farFuture - (lastPostTime(source, id, farFuture) ?? 0);
    const withHabit = (habit: string) => range(200).filter(id => rhythmOf(1, id).habit === habit);
    expect(withHabit('steady').every(id => silence(id) < MINUTE)).toBe(true);
    expect(withHabit('dying').every(id => silence(id) > 60 * MINUTE)).toBe(true);
  });
});

describe('a group of 200 at a day a minute', () => {
  it('shows active profiles and some going quiet within two minutes, with a threshold of three, at any time', () => {
    const source = rhythmSource({ seed: 1, speed: 1440 });
    for (const start of range(50).map(hour => noon + hour * 3_700_000)) {
      const isQuiet = (id: number, now: number): boolean =>
        now - (lastPostTime(source, id, now) ?? 0) > 3 * MINUTE;
      const active = range(200).filter(id => !isQuiet(id, start));
      expect(active.length).toBeGreaterThan(100);
      expect(active.length).toBeLessThan(180);
      const goingQuiet = active.filter(id => isQuiet(id, start + MINUTE) || isQuiet(id, start + 2 * MINUTE));
      expect(goingQuiet.length).toBeGreaterThan(2);
      const coming = range(200).filter(id => isQuiet(id, start) && !isQuiet(id, start + 2 * MINUTE));
      expect(coming.length).toBeGreaterThan(0);
    }
  });
});

describe('a simulated population', () => {
  const source = rhythmSource({ seed: 1, speed: 1440, profiles: 5000 });
  const everybody = range(5000);
  const withFate = (fate: string) => everybody.filter(id => destinyOf(1, id).fate === fate);

  it.each([
    ['suspended', 'suspended'],
    ['protected', 'protected'],
  ])('has a few who become %s at their time', (fate, state) => {
    const ids = withFate(fate);
    expect(ids.length).toBeGreaterThan(20);
    for (const id of ids) {
      const { from } = destinyOf(1, id);
      expect(source.account(String(id), from - 1)?.state).toBe('ok');
      expect(source.account(String(id), from)?.state).toBe(state);
    }
  });

  it('has a few holes, and an end', () => {
    expect(withFate('never').length).toBeGreaterThan(20);
    expect(withFate('never').every(id => source.account(String(id), noon)?.state === 'not_found')).toBe(true);
    expect(source.account('9223372036854775807', noon)).toBeNull();
    expect(source.account('5001', Date.UTC(2020, 0, 6))).toBeNull();
  });

  it('is found by handle, in any capitals, and by nothing else', () => {
    for (const id of [1, 35, 36, 4999, 5000].map(String)) {
      const handle = source.account(id, noon)?.handle ?? '';
      expect(handle).toMatch(/^[A-Za-z0-9_]{1,15}$/);
      expect(source.idOf(handle.toUpperCase(), noon)).toBe(id);
    }
    for (const handle of [
      'sim0',
      'sim01',
      'sim',
      'jack',
      handleOf('5001'),
      'simzzzzzzzzzz',
      renamedHandleOf('1'),
    ]) {
      expect(source.idOf(handle, Date.UTC(2020, 0, 6))).toBeNull();
    }
  });

  it('gives every id up to 10^12 a handle that X would take', () => {
    expect(handleOf('1000000000000').length).toBeLessThanOrEqual(15);
    expect(rhythmSource({ seed: 1, speed: 1 }).idOf(handleOf('1000000000000'), noon)).toBe('1000000000000');
  });

  it('has people who rename: their old handle is gone, or somebody else has it', () => {
    for (const id of [...withFate('renamed'), ...withFate('renamed_and_taken')]) {
      const { from, fate } = destinyOf(1, id);
      const old = handleOf(String(id));
      expect(source.idOf(old, from - 1)).toBe(String(id));
      expect(source.account(String(id), from)?.handle).toBe(renamedHandleOf(String(id)));
      expect(source.idOf(renamedHandleOf(String(id)), from)).toBe(String(id));
      const taker = source.idOf(old, from);
      expect(taker).toBe(fate === 'renamed' ? null : String(5000 + id));
      if (taker !== null) expect(source.account(taker, from)).toMatchObject({ id: taker, handle: old });
      expect(source.account(String(5000 + id), from - 1)).toBeNull();
    }
  });

  it('cannot be sped up beyond what milliseconds hold', () => {
    expect(() => rhythmSource({ seed: 1, speed: 20_001 })).toThrow(RangeError);
    expect(() => rhythmSource({ seed: 1, speed: 0 })).toThrow(RangeError);
    expect(() => rhythmSource({ seed: 1, speed: 1, profiles: 2e12 })).toThrow(RangeError);
  });
});
