import type { Lane } from '@app/contract/message';

/** A message that waits for its call. */
export interface Waiter {
  readonly fresh: boolean;
  readonly users: number;
  /** Until when its claims hold, by the database's clock. */
  readonly leaseUntil: number;
  readonly since: number;
}

/** Freshness waits behind everything that an alert or a person depends on; within a class, who came first is first. */
export function isFresh(lane: Lane): boolean {
  return lane === 'checks.fresh';
}

/** Puts a waiter in its place: behind its class, or before it if it has waited already. */
export function enqueue<T extends Waiter>(waiters: T[], waiter: T, place: 'first' | 'last'): void {
  const urgent = waiters.filter(one => !one.fresh).length;
  const [begin, end] = waiter.fresh ? [urgent, waiters.length] : [0, urgent];
  waiters.splice(place === 'first' ? begin : end, 0, waiter);
}

/** Takes out those whose lease has run out: their rows are due again already. */
export function takeExpired<T extends Waiter>(waiters: T[], now: number): T[] {
  const expired = waiters.filter(one => now >= one.leaseUntil);
  for (const one of expired) waiters.splice(waiters.indexOf(one), 1);
  return expired;
}

/** The next to reserve for: of one class, because freshness may take less of the money; `most` of them. */
export function uncovered<T extends Waiter>(
  waiters: readonly T[],
  covered: number,
  most: number,
): readonly T[] {
  const rest = waiters.slice(covered);
  const fresh = rest[0]?.fresh;
  return rest.filter(one => one.fresh === fresh).slice(0, Math.max(0, most - covered));
}
