import type { Milliseconds } from './observation.ts';

export const statuses = [
  'pending',
  'active',
  'late',
  'inactive',
  'unknown',
  'suspended',
  'protected',
  'not_found',
  'paused',
] as const;
export type Status = (typeof statuses)[number];

/** What the account itself is, as last seen. */
export type AccountState = 'unseen' | 'ok' | 'suspended' | 'protected' | 'not_found';

/** How long silence must last, and how much longer until the alert. */
export interface Rule {
  readonly threshold: Milliseconds;
  readonly grace: Milliseconds;
}

/** What a row says of a profile. */
export interface Facts {
  readonly paused: boolean;
  readonly accountState: AccountState;
  readonly checkedAt: Milliseconds | null;
  readonly lastActivityAt: Milliseconds | null;
  /** The first look that showed a silence long enough under the policy in force then; `null` while there is none. */
  readonly suspectedAt: Milliseconds | null;
}

/** How long after its deadline a look may still be on its way before we say that we do not know. */
export const patience: Milliseconds = 5 * 60_000;

/**
 * The status of a profile at `now`. It never claims more than was seen:
 * - `active`: an activity was seen that is younger than the threshold
 * - `late`: none younger than the threshold was seen, and the look that decides is not due yet (or on its way)
 * - `inactive`: a successful look at or past the deadline, taken with that deadline in mind, still showed nothing newer
 * - `unknown`: the deadline has passed and nobody could look
 *
 * A threshold that is lowered moves deadlines behind looks that were none for the new policy: until the next one, which
 * is due at once, such a profile is not yet inactive.
 */
export function statusOf(facts: Facts, rule: Rule, now: Milliseconds): Status {
  if (facts.paused) return 'paused';
  if (facts.accountState === 'unseen') return 'pending';
  if (facts.accountState !== 'ok') return facts.accountState;
  if (facts.lastActivityAt === null || facts.checkedAt === null) return 'unknown';
  const deadline = facts.lastActivityAt + rule.threshold + rule.grace;
  if (facts.checkedAt >= deadline && facts.suspectedAt !== null) return 'inactive';
  if (now < facts.lastActivityAt + rule.threshold) return 'active';
  return now < deadline + patience ? 'late' : 'unknown';
}
