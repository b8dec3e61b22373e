import { checkMessage } from '@app/contract/message';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchesOf } from './batches.ts';

const rows = fc.array(
  fc.record({
    claimVersion: fc.integer({ min: 1, max: 1_000 }),
    handle: fc.constantFrom(null, 'jack'),
    leaf: fc.integer({ min: 0, max: 2 }),
  }),
  {
    maxLength: 450,
  },
);

test('every claimed check is in exactly one valid message, of 100 at most, of one kind of look-up', () => {
  fc.assert(
    fc.property(rows, drawn => {
      const claimed = drawn.map((row, i) => ({
        ...row,
        profileId: String(row.handle === null ? i + 1 : -i - 1),
      }));
      const batches = batchesOf({
        claimed,
        claimedAt: 0,
        leaseUntil: Date.UTC(2026, 0, 1),
        firstDue: null,
        lastDue: null,
      });
      const checks = batches.flatMap(({ message }) => checkMessage.parse(message).checks);
      expect(checks.map(check => check.profile_id).sort()).toEqual(claimed.map(row => row.profileId).sort());
      for (const { message, claimed: of } of batches) {
        expect(of.length).toBe(message.checks.length);
        expect(new Set(message.checks.map(check => check.handle !== undefined)).size).toBe(1);
        if (message.leaf !== undefined) expect(of.every(row => row.leaf === message.leaf)).toBe(true);
      }
      const handles = claimed.filter(row => row.handle !== null).length;
      expect(batches.length).toBe(Math.ceil(handles / 100) + Math.ceil((claimed.length - handles) / 100));
    }),
  );
});
