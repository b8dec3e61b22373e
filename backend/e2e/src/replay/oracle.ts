/** What the API says of one inactivity alert; times in milliseconds. */
export interface Raised {
  readonly account: string;
  readonly silentSince: number;
  readonly openedAt: number;
}

/** The toleranceMs is for what is missed; so long as staleMs after its episode an alert may be on its way still. */
export interface Question {
  /** Event times of every account in milliseconds of the wall clock, sorted. */
  readonly events: ReadonlyMap<string, readonly number[]>;
  readonly raised: readonly Raised[];
  readonly silenceMs: number;
  readonly toleranceMs: number;
  readonly staleMs: number;
  readonly from: number;
  readonly until: number;
  /** When X could not be seen as it is: what was not alerted before is due when that ends, if it still lasts. */
  readonly blind: { readonly from: number; readonly until: number };
}

export interface Verdict {
  readonly expected: number;
  readonly optional: number;
  readonly missed: readonly string[];
  readonly wrong: readonly string[];
  readonly lateMs: readonly number[];
}

/** The truth, by brute force from the events alone: every gap that reaches the silence is an episode, due once. */
export function compare(question: Question): Verdict {
  const { events, raised, silenceMs, toleranceMs, staleMs, from, until, blind } = question;
  const left = new Set(raised);
  const missed: string[] = [];
  const lateMs: number[] = [];
  let [expected, optional] = [0, 0];
  for (const [account, times] of events) {
    for (const [i, time] of times.entries()) {
      const due = time + silenceMs;
      const end = times[i + 1] ?? Infinity;
      if (end <= due || Math.min(end, until) <= Math.max(due, from)) continue;
      const hidden = due + toleranceMs > blind.from && due < blind.until;
      const sightedAt = Math.max(hidden ? blind.until : due, from);
      const required = Math.min(end, until) - sightedAt > toleranceMs;
      // An alert belongs to the episode whose last activity it names, and is true only while that episode lasts.
      const fits = ({ silentSince, openedAt }: Raised) =>
        Math.abs(silentSince - time) <= 1 && openedAt >= due - 1 && openedAt <= end + staleMs;
      const alert = raised.find(one => left.has(one) && one.account === account && fits(one));
      if (required) expected++;
      else optional++;
      if (alert && left.delete(alert)) lateMs.push(Math.max(0, alert.openedAt - sightedAt));
      else if (required) missed.push(`${account}: silent ${iso(time)}`);
    }
  }
  const wrong = [...left].map(one => `${one.account}: at ${iso(one.openedAt)} of ${iso(one.silentSince)}`);
  return { expected, optional, missed, wrong, lateMs: lateMs.sort((a, b) => a - b) };
}

const iso = (ms: number): string => new Date(ms).toISOString();
