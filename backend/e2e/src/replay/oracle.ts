/** What the API says of one inactivity alert; times in milliseconds. */
export interface Raised {
  readonly account: string;
  readonly silentSince: number;
  readonly openedAt: number;
}

export interface Question {
  /** Event times of every account in milliseconds of the wall clock, sorted. */
  readonly events: ReadonlyMap<string, readonly number[]>;
  readonly raised: readonly Raised[];
  readonly silenceMs: number;
  readonly toleranceMs: number;
  readonly from: number;
  readonly until: number;
}

export interface Verdict {
  readonly expected: number;
  readonly optional: number;
  readonly missed: readonly string[];
  readonly wrong: readonly string[];
  readonly lateMs: readonly number[];
}

/** The truth, by brute force from the events alone: every gap that reaches the silence is an episode, due once. */
export function compare({ events, raised, silenceMs, toleranceMs, from, until }: Question): Verdict {
  const left = new Set(raised);
  const missed: string[] = [];
  const lateMs: number[] = [];
  let expected = 0;
  let optional = 0;
  for (const [account, times] of events) {
    for (const [i, time] of times.entries()) {
      const due = time + silenceMs;
      const end = times[i + 1] ?? Infinity;
      const visible = Math.min(end, until) - Math.max(due, from);
      if (end <= due || visible <= 0) continue;
      // An alert belongs to the episode whose last activity it names, and is true only while that episode lasts.
      const alert = raised.find(
        one =>
          left.has(one) &&
          one.account === account &&
          Math.abs(one.silentSince - time) <= 1 &&
          one.openedAt >= due - 1 &&
          one.openedAt <= end + toleranceMs,
      );
      if (visible > toleranceMs) expected++;
      else optional++;
      if (!alert && visible > toleranceMs) missed.push(`${account}: silent ${iso(time)}`);
      if (!alert) continue;
      left.delete(alert);
      lateMs.push(Math.max(0, alert.openedAt - Math.max(due, from)));
    }
  }
  const wrong = [...left].map(one => `${one.account}: alerted at ${iso(one.openedAt)}`);
  return { expected, optional, missed, wrong, lateMs: lateMs.sort((a, b) => a - b) };
}

const iso = (ms: number): string => new Date(ms).toISOString();
