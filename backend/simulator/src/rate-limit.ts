export interface RateLimit {
  readonly limit: number;
  readonly windowSeconds: number;
}

/** What an answer's headers say. */
export interface RateState {
  readonly exceeded: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** X's limit for user look-ups with an app's token. */
export const LOOK_UP_LIMIT: RateLimit = { limit: 300, windowSeconds: 900 };

/** Stands in headers where there is no limit. */
const PLENTY: RateLimit = { limit: 1_000_000_000, windowSeconds: 900 };

interface Window {
  readonly endsAt: number;
  readonly used: number;
}

/** Counts the requests of each endpoint in windows that open with their first request. */
export const rateCounter = (given: RateLimit | null) => {
  const { limit, windowSeconds } = given ?? PLENTY;
  const windows = new Map<string, Window>();
  return (endpoint: string, now: number): RateState => {
    const current = windows.get(endpoint);
    const open = current && now < current.endsAt ? current : { endsAt: now + windowSeconds * 1000, used: 0 };
    const exceeded = open.used >= limit;
    const used = exceeded ? limit : open.used + 1;
    windows.set(endpoint, { endsAt: open.endsAt, used });
    const headers = {
      'x-rate-limit-limit': String(limit),
      'x-rate-limit-remaining': String(limit - used),
      // Whole seconds, rounded up: who waits for the reset waits long enough.
      'x-rate-limit-reset': String(Math.ceil(open.endsAt / 1000)),
    };
    return { exceeded, headers };
  };
};
