/**
 * Settings of a system whose time passes `speed` times as fast: what is a minute of the trace is a minute divided by the
 * speed here. Nothing goes below what one machine can do: a pass of the producer, a claim, a call.
 */
export function settingsAt(speed: number): Record<string, string> {
  const scaled = (ms: number, least: number) => String(Math.round(Math.min(ms, Math.max(least, ms / speed))));
  const second = 1_000;
  const minute = 60 * second;
  const day = 24 * 60 * minute;
  return {
    CONFIRM_DELAY_MS: scaled(minute, 200),
    PRODUCER_PASS_MS: scaled(second, 100),
    LEASE_MS: scaled(2 * minute, 4_000),
    // An interval that is K / sqrt(posts per day) scales with the square root, because the rate is counted in real days.
    FRESHNESS_K_MS: scaled(day, Math.max(1_000, day / Math.sqrt(speed))),
    FRESHNESS_FLOOR_MS: scaled(minute, 250),
    RETRY_BASE_MS: scaled(5 * second, 100),
    RETRY_CAP_MS: scaled(15 * minute, second),
    UPSTREAM_PAUSE_MS: scaled(second, 50),
    UPSTREAM_PAUSE_CAP_MS: scaled(minute, second),
    UPSTREAM_REFUSED_PAUSE_MS: scaled(15 * minute, second),
    X_API_TIMEOUT_MS: scaled(10 * second, second),
    // The simulator has no limit here, so the budget is none either.
    X_API_CALLS: '1000000',
    X_API_WINDOW_S: '1',
    X_API_BURST: '1000',
    GUARD_CRON: '* * * * * *',
    GUARD_MINUTE_MS: scaled(minute, second),
    GUARD_FLUSH_MS: scaled(2 * second, 100),
    GUARD_RELOOK_MS: scaled(minute, 250),
    GUARD_WATERMARK_LAG_MS: scaled(15 * minute, 1_500),
    GUARD_DOWNTIME_MS: scaled(10 * minute, 1_500),
  };
}

/** Seconds for which "last seen" may stay as it is: a day of the trace. */
export function freshnessAt(speed: number): number {
  return Math.max(1, Math.round(86_400 / speed));
}
