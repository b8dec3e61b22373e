import type { Granted } from '@app/database/budget';

/** A permit for one call, to be used when its time has come and not much later. */
export interface Slot {
  /** Milliseconds by the database's clock. */
  readonly at: number;
  readonly stepMs: number;
  readonly reservedAt: number;
  readonly day: string;
  /** This call finds out whether a block has ended. */
  readonly trying: boolean;
  /** Where the time after it begins, in the order of the reservations. */
  readonly end: number;
}

/** What one consumer has reserved and not used yet. */
export interface Stock {
  readonly slots: Slot[];
  /** Millionths of a dollar, reserved on `day` for the calls that the slots are for. Whoever is first takes from all. */
  funds: number;
  day: string;
  price: Granted['price'];
}

/** Slots a fifth of a second ahead: enough to hide the way to the database, and soon stopped when X says stop. */
const aheadMs = 200;
/** Statements for ten permits carry 38,000 permits/s (performance.md, section 4). */
const mostAhead = 10;

export function createStock(): Stock {
  return { slots: [], funds: 0, day: '', price: { micro: 0, pricing: 'per_user' } };
}

/** How many permits to hold: one while calls are a second or more apart. */
export function aheadOf(stepMs: number): number {
  return Math.min(mostAhead, Math.max(1, Math.round(aheadMs / Math.max(stepMs, 0.001))));
}

/** Money of a day that has ended is gone: the budget was counted anew. */
export function store(stock: Stock, { slots, now, stepMs, day, trying, end, worst, price }: Granted): void {
  if (stock.day !== day) stock.funds = 0;
  stock.day = day;
  stock.funds += worst;
  stock.price = price;
  slots.forEach((at, i) => {
    const after = end - (slots.length - 1 - i) * stepMs;
    stock.slots.push({ at, stepMs, reservedAt: now, day, trying, end: after });
  });
}

/**
 * How late a permit may be used: one interval is the one call that "R ± 1" allows; below 10 ms nobody's timers are exact.
 */
export function toleranceOf({ stepMs }: Slot): number {
  return Math.max(stepMs, 10);
}

/** How late a call may begin: half an interval. Beyond 100 calls/s no timer is exact enough to be held to it. */
export function latenessOf({ stepMs }: Slot): number {
  return stepMs >= 10 ? stepMs / 2 : Number.POSITIVE_INFINITY;
}

/** Of the permits whose time is past, the newest stands for all: used together they would be a burst. Returns how many are lost. */
export function forfeitLate({ slots }: Stock, now: number): number {
  let lost = 0;
  for (let [first, second] = slots; first && second; [first, second] = slots) {
    if (now - first.at <= toleranceOf(first) || second.at > now) break;
    slots.shift();
    lost++;
  }
  return lost;
}

/** The money for one call: its worst case, and with the last permit whatever is left, so that settling returns it. */
export function fundsFor(stock: Stock, users: number): number {
  const { micro, pricing } = stock.price;
  const wanted = micro * (pricing === 'per_user' ? users : 1);
  const funds = stock.slots.length === 0 ? stock.funds : Math.min(stock.funds, wanted);
  stock.funds -= funds;
  return funds;
}

/** For how many users money is to be reserved, so that all of these calls can be paid: less what is held already. */
export function usersToFund({ funds, price }: Stock, waiters: readonly { readonly users: number }[]): number {
  const wanted = waiters.reduce((sum, one) => sum + one.users, 0);
  const held = price.pricing === 'per_user' && price.micro > 0 ? Math.floor(funds / price.micro) : 0;
  return Math.max(0, wanted - held);
}
