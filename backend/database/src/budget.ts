import { reserveStatement } from './budget-statement.ts';
import type { Queryable } from './pool.ts';

export type Pricing = 'per_user' | 'per_request';

/** X has said so, and no time ends it: one call tries now and then. */
export const lastingBlocks = [
  'cap_exceeded',
  'out_of_credit',
  'spend_cap',
  'unauthorized',
  'forbidden',
] as const;
export type LastingBlock = (typeof lastingBlocks)[number];
export type Block = LastingBlock | 'rate_limited';
/** Why no permit is given: a block, or a cap of our own. */
export type Refusal = Block | 'daily_cap' | 'monthly_cap';

/** All times are milliseconds since 1970 by the database's clock; amounts are millionths of a dollar. */
interface Answered {
  /** When this was answered. */
  readonly now: number;
  /** K of the square-root rule as it is steered; null while it is not. */
  readonly freshnessK: number | null;
  /** The smallest time between two calls. */
  readonly stepMs: number;
}

export interface Granted extends Answered {
  readonly granted: true;
  /** When each of the calls may begin, earliest first. */
  readonly slots: readonly number[];
  /** Where the permits end: what can be given back, as long as nobody has reserved after it. */
  readonly end: number;
  /** What was reserved, and on which UTC day. */
  readonly worst: number;
  readonly day: string;
  /** The worst case of one call for so many users. */
  readonly price: { readonly micro: number; readonly pricing: Pricing };
  /** This call finds out whether a block has ended. */
  readonly trying: boolean;
}

export interface Refused extends Answered {
  readonly granted: false;
  readonly refusal: Refusal;
  /** When to ask again. */
  readonly until: number;
}

export type Reservation = Granted | Refused;

export interface Ask {
  readonly permits: number;
  /** How many users those calls ask for together: the worst case of their price. */
  readonly users: number;
  /** Freshness stops at a share of a cap. */
  readonly fresh: boolean;
  /** How long a call that tries may take before another one may. */
  readonly tryMs: number;
}

/** Takes permits and reserves their money in one statement. Not answered is not granted: without this no call is made. */
export async function reserve(db: Queryable, { permits, users, fresh, tryMs }: Ask): Promise<Reservation> {
  const { rows } = await db.query<ReservedRow>({
    name: 'reserve',
    text: reserveStatement,
    values: [permits, users, fresh, tryMs],
  });
  const row = rows[0];
  if (!row) throw new Error('the budget row is missing');
  const freshnessK = row.freshness_k_ms === null ? null : Number(row.freshness_k_ms);
  const answered = { now: row.now, freshnessK, stepMs: row.step };
  if (row.refusal !== null) {
    return { ...answered, granted: false, refusal: row.refusal, until: row.refused_until ?? row.now };
  }
  return { ...answered, granted: true, ...grantOf(row) };
}

function grantOf(row: ReservedRow) {
  const at = (k: number) => Math.max(row.now, row.base + (k - (row.burst - 1)) * row.step);
  return {
    slots: Array.from({ length: row.permits }, (_, k) => at(k)),
    end: row.base + row.permits * row.step,
    worst: Number(row.worst),
    day: row.day,
    price: { micro: Number(row.price), pricing: row.pricing },
    trying: row.trying,
  };
}

interface ReservedRow {
  permits: number;
  refusal: Refusal | null;
  refused_until: number | null;
  trying: boolean;
  day: string;
  worst: string;
  price: string;
  pricing: Pricing;
  freshness_k_ms: string | null;
  now: number;
  base: number;
  step: number;
  burst: number;
}

export interface Unused {
  readonly permits: number;
  readonly stepMs: number;
  /** Where the reservation ended that the unused permits are the last of. */
  readonly end: number;
  readonly worst: number;
  readonly day: string;
}

/**
 * Gives back what a consumer reserved and does not use. The time goes back only if nobody has reserved after it: moved back under
 * another's slots it would let two calls begin at once. The money goes back in any case, while its day lasts.
 */
export async function giveBack(db: Queryable, { permits, stepMs, end, worst, day }: Unused): Promise<void> {
  await db.query({
    name: 'give-back',
    text: `
      UPDATE budget SET
        next_at = CASE WHEN abs(extract(epoch FROM next_at)::float8 * 1000 - $1::float8) < 0.01
          THEN next_at - $2::float8 * interval '1 millisecond' ELSE next_at END,
        granted = granted - $3::integer,
        day_used = CASE WHEN day = $5::date THEN greatest(0, day_used - $4::bigint) ELSE day_used END,
        month_used = CASE WHEN day = $5::date THEN greatest(0, month_used - $4::bigint) ELSE month_used END`,
    values: [end, permits * stepMs, permits, Math.round(worst), day],
  });
}

/** Whether calls are blocked for all right now: asked again before a call that was reserved some time ago. */
export async function isBlocked(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ blocked: boolean }>({
    name: 'is-blocked',
    text: `SELECT coalesce(clock_timestamp() < blocked_until, false) AS blocked FROM budget`,
  });
  return rows[0]?.blocked ?? true;
}

/** What lasts is not shortened by a mere 429, and a 429 is not shortened by one that names an earlier reset. */
export async function blockCalls(db: Queryable, reason: Block, forMs: number): Promise<void> {
  await db.query({
    name: 'block-calls',
    text: `
      UPDATE budget SET blocked_reason = $1, blocked_since =
          CASE WHEN blocked_reason = $1 THEN blocked_since ELSE clock_timestamp() END,
        blocked_until = greatest(CASE WHEN blocked_reason = $1 THEN blocked_until END,
          clock_timestamp() + $2::float8 * interval '1 millisecond')
      WHERE blocked_reason IS NULL OR blocked_reason = 'rate_limited' OR $1 <> 'rate_limited'`,
    values: [reason, forMs],
  });
}

/** A call that tried has succeeded: credit or token are good again. Says whether there was a block to end. */
export async function unblockCalls(db: Queryable): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'unblock-calls',
    text: `UPDATE budget SET blocked_reason = NULL, blocked_since = NULL, blocked_until = NULL
           WHERE blocked_reason = ANY ($1)`,
    values: [lastingBlocks],
  });
  return (rowCount ?? 0) > 0;
}
