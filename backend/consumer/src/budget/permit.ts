import type { Ask, Refused, Reservation, Unused } from '@app/database/budget';

/** Leave to make one call. */
export interface Permit {
  /** Reserved for it (millionths of a dollar), on that UTC day. */
  readonly reserved: number;
  readonly day: string;
  /** This call finds out whether a block has ended. */
  readonly trying: boolean;
  /** When the call may begin, by `performance.now()`: shortly after this was handed out, so that there is time to load the rows. */
  readonly callAt: number;
  /** Later than this after `callAt` the call would come too close to the next one: see `again`. */
  readonly toleranceMs: number;
  /** The call's time was missed: this permit for the next one. */
  again(): Promise<Permit | 'expired' | 'stopped'>;
  /** The call is not made after all. */
  unused(): void;
}

/** The limiter that all consumers share. Each may throw: then nothing is granted. */
export interface Limiter {
  reserve(ask: Ask): Promise<Reservation>;
  giveBack(unused: Unused): Promise<void>;
  isBlocked(): Promise<boolean>;
}

export interface PermitsOptions {
  readonly limiter: Limiter;
  /** After a call that tries has been granted, how long until another may try. */
  readonly tryMs: number;
  /** The wait after the limiter could not be reached; doubles … */
  readonly retryMs: number;
  /** … up to this. */
  readonly retryCapMs: number;
  readonly onRefused: (refused: Refused, fresh: boolean, restMs: number) => void;
  readonly onUnreachable: (error: unknown, restMs: number) => void;
  readonly onForfeit: (permits: number) => void;
  readonly onTaken: (waitedMs: number, fresh: boolean) => void;
}
