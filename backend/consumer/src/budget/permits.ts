import type { Lane } from '@app/contract/message';
import type { Ask, Refused } from '@app/database/budget';
import { createDatabaseClock } from './clock.ts';
import type { Permit, PermitsOptions } from './permit.ts';
import { enqueue, isFresh, takeExpired, uncovered, type Waiter } from './queue.ts';
import {
  aheadOf,
  createStock,
  forfeitLate,
  fundsFor,
  latenessOf,
  type Slot,
  store,
  usersToFund,
} from './stock.ts';

interface Waiting extends Waiter {
  readonly settle: (result: Permit | 'expired' | 'stopped') => void;
}

/** Released together, all consumers would ask at the same instant. */
const jitterMs = 1_000;
/** A cap can be raised, and a block be ended, at any time. */
const longestRestMs = 30_000;
/** Older reservations are confirmed before they are used: a block may have come since. */
const confirmAfterMs = 500;
/** Permits are handed out so long before their time as loading the rows took lately, so that calls do not come unevenly to X. */
const lead = { least: 10, most: 250, margin: 1.25, fading: 0.98 } as const;
const sweepMs = 1_000;

/** Hands out permits of the shared budget: deadlines and people first, each at the time that the database said. */
export class Permits {
  readonly #options: PermitsOptions;
  readonly #clock = createDatabaseClock();
  readonly #stock = createStock();
  readonly #waiters: Waiting[] = [];
  readonly #sweep: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #reserving: Promise<void> | undefined;
  /** By our monotonic clock. */
  #restUntil = 0;
  /** While money is out only those go on whose money is in hand. */
  #brokeUntil = { urgent: 0, fresh: 0 };
  #single = false;
  #stepMs = 1_000;
  /** When the last call may have begun, by our monotonic clock. */
  #lastCallAt = Number.NEGATIVE_INFINITY;
  #leadMs: number = 4 * lead.least;
  #failures = 0;
  #stopped = false;
  #freshnessK: number | null = null;

  constructor(options: PermitsOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#turn(), sweepMs);
    this.#sweep.unref();
  }

  /** K as it is steered, told with every reservation. */
  get freshnessK(): number | null {
    return this.#freshnessK;
  }

  /** The database's clock; `null` until it was heard of. */
  databaseNow(): number | null {
    return this.#clock.now();
  }

  /** Waits for leave to make one call; `expired`: the message's lease ran out first. */
  take(lane: Lane, users: number, leaseUntil: number): Promise<Permit | 'expired' | 'stopped'> {
    return this.#wait({ fresh: isFresh(lane), users, leaseUntil, since: performance.now() }, 'last');
  }

  /** So long did it take from a permit to a call that could be made. */
  tookToLoad(ms: number): void {
    const wanted = Math.max(ms * lead.margin, this.#leadMs * lead.fading);
    this.#leadMs = Math.min(lead.most, Math.max(lead.least, wanted));
  }

  /** X wants no calls for so long: what was reserved ahead is not used either. */
  rest(ms: number): void {
    this.#drop(this.#stock.slots.length);
    this.#restFor(ms);
  }

  /** Everybody who waits goes without, and what is reserved is given back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#sweep);
    clearTimeout(this.#timer);
    for (const waiter of this.#waiters.splice(0)) waiter.settle('stopped');
    await this.#reserving;
    await this.#giveBackAll();
  }

  #wait(waiter: Waiter, place: 'first' | 'last'): Promise<Permit | 'expired' | 'stopped'> {
    const { promise, resolve: settle } = Promise.withResolvers<Permit | 'expired' | 'stopped'>();
    if (this.#stopped) settle('stopped');
    else enqueue(this.#waiters, { ...waiter, settle }, place);
    this.#turn();
    return promise;
  }

  #restFor(ms: number): void {
    this.#restUntil = Math.max(this.#restUntil, performance.now() + ms);
  }

  #goBrokeFor(ms: number, fresh: boolean): void {
    this.#brokeUntil.fresh = performance.now() + ms;
    if (!fresh) this.#brokeUntil.urgent = performance.now() + ms;
  }

  /** Does what there is to do now, and sets the timer for the next. Every event ends here. */
  #turn(): void {
    if (this.#stopped) return;
    const now = this.#clock.now();
    if (now !== null) for (const one of takeExpired(this.#waiters, now)) one.settle('expired');
    this.#useWhatIsDue();
    this.#refill();
    this.#returnIdleFunds();
    clearTimeout(this.#timer);
    const wait = this.#nextTurnIn();
    if (wait !== null) this.#timer = setTimeout(() => this.#turn(), Math.min(Math.ceil(wait), longestRestMs));
  }

  #nextTurnIn(): number | null {
    if (this.#waiters.length === 0 && this.#stock.slots.length === 0) return null;
    if (this.#stock.slots.length > 0) return Math.max(0, this.#dueIn());
    const broke = this.#waiters[0]?.fresh ? this.#brokeUntil.fresh : this.#brokeUntil.urgent;
    const first = Math.max(this.#restUntil, broke);
    return this.#reserving ? null : Math.max(1, first - performance.now());
  }

  #dueIn(): number {
    const [slot] = this.#stock.slots;
    return slot ? this.#callAt(slot) - this.#leadMs - performance.now() : 0;
  }

  /** Half an interval apart at least: a late permit and a punctual one are not a burst. */
  #callAt(slot: Slot): number {
    const now = performance.now();
    const at = now + (slot.at - (this.#clock.now() ?? slot.at));
    return Math.max(now, at, this.#lastCallAt + slot.stepMs / 2);
  }

  #useWhatIsDue(): void {
    while (this.#stock.slots.length > 0 && this.#dueIn() <= 0) {
      this.#forfeited(forfeitLate(this.#stock, this.#clock.now() ?? 0));
      const slot = this.#stock.slots.shift();
      const waiter = this.#waiters.shift();
      if (slot && waiter) this.#use(slot, waiter);
      else this.#forfeited(1);
    }
  }

  #use(slot: Slot, waiter: Waiting): void {
    this.#lastCallAt = this.#callAt(slot);
    const age = (this.#clock.now() ?? 0) - slot.reservedAt;
    if (age <= confirmAfterMs) this.#give(slot, waiter);
    else void this.#confirm(slot, waiter);
  }

  async #confirm(slot: Slot, waiter: Waiting): Promise<void> {
    const blocked = await this.#options.limiter.isBlocked().catch((error: unknown) => {
      this.#unreachable(error);
      return true;
    });
    // A call that tries is made although calls are blocked: it alone.
    if (!this.#stopped && (!blocked || slot.trying)) return this.#give(slot, waiter);
    this.#forfeited(1);
    if (this.#stopped) return waiter.settle('stopped');
    enqueue(this.#waiters, waiter, 'first');
    this.#turn();
  }

  #give(slot: Slot, waiter: Waiting): void {
    const reserved = fundsFor(this.#stock, waiter.users);
    const refund = () => {
      if (this.#stock.day === slot.day) this.#stock.funds += reserved;
    };
    this.#options.onTaken(performance.now() - waiter.since, waiter.fresh);
    waiter.settle({
      reserved,
      day: slot.day,
      trying: slot.trying,
      callAt: this.#lastCallAt,
      toleranceMs: latenessOf(slot),
      again: () => {
        refund();
        this.#forfeited(1);
        return this.#wait(waiter, 'first');
      },
      unused: () => {
        refund();
        this.#stock.slots.unshift(slot);
        this.#turn();
      },
    });
  }

  /** Reserves for those who wait and are not covered yet; one statement at a time. */
  #refill(): void {
    if (this.#reserving) return;
    const chosen = this.#affordable();
    if (chosen.length === 0 || performance.now() < this.#restUntil) return;
    const fresh = chosen[0]?.fresh ?? false;
    const users = this.#usersToFund(chosen);
    this.#reserving = this.#reserve({ permits: chosen.length, users, fresh, tryMs: this.#options.tryMs });
  }

  #affordable(): readonly Waiting[] {
    const most = this.#single ? 1 : aheadOf(this.#stepMs);
    const chosen = uncovered(this.#waiters, this.#stock.slots.length, most);
    const brokeUntil = chosen[0]?.fresh ? this.#brokeUntil.fresh : this.#brokeUntil.urgent;
    if (performance.now() >= brokeUntil) return chosen;
    const first = chosen.slice(0, 1);
    return this.#usersToFund(first) === 0 ? first : [];
  }

  #usersToFund(chosen: readonly Waiting[]): number {
    const covered = this.#waiters.slice(0, this.#stock.slots.length);
    return usersToFund(this.#stock, [...covered, ...chosen]);
  }

  async #reserve(ask: Ask): Promise<void> {
    try {
      const reservation = await this.#options.limiter.reserve(ask);
      this.#failures = 0;
      this.#clock.told(reservation.now);
      this.#freshnessK = reservation.freshnessK;
      this.#stepMs = reservation.stepMs;
      if (reservation.granted) this.#single = false;
      if (reservation.granted) store(this.#stock, reservation);
      else this.#refused(reservation, ask);
    } catch (error) {
      this.#unreachable(error);
    } finally {
      this.#reserving = undefined;
      this.#turn();
    }
  }

  /** What is refused to many may be granted to one: a call that tries, or the last of the money. */
  #refused(refused: Refused, { permits, fresh }: Ask): void {
    const wasSingle = permits === 1;
    this.#single = true;
    if (!wasSingle) return;
    const wait = Math.min(longestRestMs, Math.max(0, refused.until - refused.now));
    const restMs = wait + Math.random() * jitterMs;
    const ofMoney = refused.refusal === 'daily_cap' || refused.refusal === 'monthly_cap';
    if (ofMoney) this.#goBrokeFor(restMs, fresh);
    else this.#restFor(restMs);
    // Kept here while this consumer waits, it would be missing to the others.
    if (this.#stock.slots.length === 0) void this.#giveBack(0, 0, 0);
    this.#options.onRefused(refused, ofMoney && fresh, restMs);
  }

  /** Fails closed: without an answer no call is made. */
  #unreachable(error: unknown): void {
    const { retryMs, retryCapMs } = this.#options;
    const restMs = Math.min(retryCapMs, retryMs * 2 ** this.#failures++) * (0.5 + Math.random() / 2);
    this.#restFor(restMs);
    this.#options.onUnreachable(error, restMs);
  }

  #drop(count: number): void {
    this.#stock.slots.splice(0, count);
    this.#forfeited(count);
  }

  #forfeited(count: number): void {
    if (count > 0) this.#options.onForfeit(count);
  }

  #returnIdleFunds(): void {
    const idle = this.#waiters.length === 0 && this.#stock.slots.length === 0 && !this.#reserving;
    if (idle) void this.#giveBack(0, 0, 0);
  }

  /** The newest first, as each can only be given back while nothing was reserved after it. */
  async #giveBackAll(): Promise<void> {
    for (let slot = this.#stock.slots.pop(); slot; slot = this.#stock.slots.pop()) {
      await this.#giveBack(1, slot.end, slot.stepMs);
    }
    await this.#giveBack(0, 0, 0);
  }

  /** What cannot be given back stays reserved until the day ends: the safe side. */
  async #giveBack(permits: number, end: number, stepMs: number): Promise<void> {
    const { funds: worst, day } = this.#stock;
    this.#stock.funds = 0;
    if (worst === 0 && permits === 0) return;
    await this.#options.limiter.giveBack({ permits, end, stepMs, worst, day }).catch(() => undefined);
  }
}
