import { describe, expect, test } from 'vitest';
import { type Facts, patience, statusOf } from './status.ts';
import { day, hour, start } from './test/known.ts';

const rule = { threshold: 7 * day, grace: day };
const span = rule.threshold + rule.grace;
const now = start;

/** Looked at an hour ago, when its last activity was `idle` old; suspected if that was long enough. */
function looked(idle: number, overrides: Partial<Facts> = {}): Facts {
  const checkedAt = now - hour;
  const suspectedAt = idle >= span ? checkedAt : null;
  return {
    paused: false,
    accountState: 'ok',
    checkedAt,
    lastActivityAt: checkedAt - idle,
    suspectedAt,
    ...overrides,
  };
}

describe('the status of a profile', () => {
  test.each([
    ['active', 'an activity younger than the threshold', looked(6 * day)],
    ['late', 'none younger, and the deadline still to come', looked(rule.threshold)],
    ['late', 'the deciding look on its way', looked(span - hour + patience - 1)],
    ['unknown', 'nobody could look in time', looked(span - hour + patience)],
    ['inactive', 'a look at the deadline that showed nothing newer', looked(span)],
    ['paused', 'paused, whatever else is known', looked(span, { paused: true })],
    ['pending', 'nobody looked yet', looked(0, { accountState: 'unseen', checkedAt: null })],
    ['suspended', 'what the account is goes before what it did', looked(span, { accountState: 'suspended' })],
    ['unknown', 'no evidence to reckon from', looked(0, { lastActivityAt: null })],
  ] as const)('is %s: %s', (status, _reason, facts) => {
    expect(statusOf(facts, rule, now)).toBe(status);
  });

  test('is not inactive by a look that was none for the policy: a lowered threshold waits for one of its own', () => {
    const facts = looked(3 * day);
    expect(statusOf(facts, rule, now)).toBe('active');
    expect(statusOf(facts, { threshold: day, grace: 0 }, now)).toBe('unknown');
    expect(statusOf({ ...facts, suspectedAt: now }, { threshold: day, grace: 0 }, now)).toBe('inactive');
  });
});
