import type { Milliseconds } from './observation.ts';
import type { Rule } from './status.ts';

/**
 * The earliest time at which an alert could become true.
 *
 *     deadline = (alert open ? checkedAt : lastActivityAt) + threshold + grace
 *
 * Known as lazy timer re-arming (TCP keepalive, idle handlers): activity does not move a timer, the timer when it
 * expires asks for the last activity and re-arms. No check before the deadline can change the alert, and by induction
 * over the k-th look no policy without added latency needs fewer looks, on any history.
 */
export function deadlineOf(
  known: { alertOpen: boolean; checkedAt: Milliseconds; lastActivityAt: Milliseconds },
  rule: Rule,
): Milliseconds {
  return (known.alertOpen ? known.checkedAt : known.lastActivityAt) + rule.threshold + rule.grace;
}
