import { countUntil, lastOf, type Subject, type World } from './population.ts';

/** What falls due within a pass of the producer shares calls of up to 100. */
const passMs = 1_000;
const batchSize = 100;
const oneDay = 86_400_000;
const daysPerMonth = 30;
/** X's list price in 2026, dollars per user returned. */
const perUser = 0.01;

/** How a policy did; the keys are those of the last line that the benchmark prints. */
export interface Score {
  readonly profiles: number;
  readonly checks: number;
  readonly alerts: number;
  readonly checks_per_profile_day: number;
  readonly calls: number;
  readonly usd_per_1000_month: number;
  readonly late_mean_s: number;
  readonly late_p99_s: number;
  readonly missed: number;
  readonly false: number;
  readonly seen_delay_mean_s: number;
}

/**
 * Keeps count of one policy. Activities count from `from` until `until`, episodes by when they are due, checks by when
 * they are made. Each profile's first look after `until` is not counted as a check, but what it sees and raises is: no
 * policy gains by what is still open at the end.
 */
export interface ScoreCard {
  look(subject: Subject, at: number): void;
  raise(subject: Subject, since: number, at: number): void;
  score(): Score;
}

export function createScoreCard(world: World): ScoreCard {
  const passes = new Map<number, number>();
  const places = world.subjects.map(subject => countUntil(subject, world.from));
  const alerts = createAlertCount(world);
  let checks = 0;
  let seen = 0;
  let delay = 0;
  return {
    look(subject, at) {
      let place = places[subject.index] ?? 0;
      for (; (subject.times[place] ?? at + 1) <= at; place++) {
        const time = subject.times[place] ?? at;
        if (time >= world.until) continue;
        seen++;
        delay += at - time;
      }
      places[subject.index] = place;
      if (at >= world.until) return;
      checks++;
      const pass = Math.floor(at / passMs);
      passes.set(pass, (passes.get(pass) ?? 0) + 1);
    },
    raise: alerts.raise,
    score() {
      const days = (world.until - world.from) / oneDay;
      const perDay = checks / (world.subjects.length * days);
      return {
        profiles: world.subjects.length,
        checks,
        ...alerts.count(),
        checks_per_profile_day: round(perDay, 4),
        calls: [...passes.values()].reduce((sum, looks) => sum + Math.ceil(looks / batchSize), 0),
        usd_per_1000_month: round(perDay * 1_000 * daysPerMonth * perUser, 2),
        seen_delay_mean_s: round(seen === 0 ? 0 : delay / seen / 1_000, 1),
      };
    },
  };
}

interface AlertCount {
  raise(subject: Subject, since: number, at: number): void;
  count(): Pick<Score, 'alerts' | 'late_mean_s' | 'late_p99_s' | 'missed' | 'false'>;
}

/** Compares what is raised with the episodes that there are. What was silent already at `from` cannot be late. */
function createAlertCount(world: World): AlertCount {
  const open = world.subjects.map(subject => episodesOf(subject, world));
  const late: number[] = [];
  let raised = 0;
  let wrong = 0;
  return {
    raise(subject, since, at) {
      const episode = open[subject.index]?.get(since);
      if (since + world.span >= world.until) return;
      raised++;
      if (!episode || at < episode.due || at >= episode.end) wrong++;
      else if (episode.due > world.from) late.push((at - episode.due) / 1_000);
      open[subject.index]?.delete(since);
    },
    count() {
      late.sort((one, other) => one - other);
      return {
        alerts: raised,
        late_mean_s: round(late.reduce((sum, one) => sum + one, 0) / Math.max(1, late.length), 1),
        late_p99_s: round(late[Math.max(0, Math.ceil(late.length * 0.99) - 1)] ?? 0, 1),
        missed: open.reduce((sum, left) => sum + left.size, 0),
        false: wrong,
      };
    },
  };
}

/** The truth, by brute force: every gap of at least `span` that lasts into the window and is due before its end. */
export function episodesOf(
  subject: Subject,
  { from, until, span }: World,
): Map<number, { due: number; end: number }> {
  const episodes = new Map<number, { due: number; end: number }>();
  for (let count = 1; count <= subject.times.length; count++) {
    const since = lastOf(subject, count);
    const due = since + span;
    const end = subject.times[count] ?? Number.POSITIVE_INFINITY;
    if (end > due && end > from && due < until) episodes.set(since, { due, end });
  }
  return episodes;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
