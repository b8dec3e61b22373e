import { share } from '@app/simulator/hash';
import { countUntil, lastOf, type Subject, type World } from './population.ts';
import { createScoreCard, type Score } from './score.ts';

const oneMinute = 60_000;
const oneDay = 86_400_000;
const oneWeek = 7 * oneDay;
const batchSize = 100;

/** What one look leaves, to plan the next by. */
export interface Glance {
  readonly subject: Subject;
  readonly at: number;
  /** How many activities there have been. */
  readonly count: number;
  readonly lastActivityAt: number;
  readonly alertOpen: boolean;
}

export interface Polling {
  first(subject: Subject): number;
  next(glance: Glance): number;
}

/** Follows a policy for every profile on its own. An alert is raised by the first look at or past its due time, unconfirmed. */
export function poll(world: World, polling: Polling): Score {
  const card = createScoreCard(world);
  for (const subject of world.subjects) {
    let count = 0;
    let alertOpen = false;
    for (let at = polling.first(subject), isLast = false; !isLast; ) {
      isLast = at >= world.until;
      card.look(subject, at);
      const now = countUntil(subject, at, count);
      const lastActivityAt = lastOf(subject, now);
      const wasOpen = alertOpen && now === count;
      alertOpen = at - lastActivityAt >= world.span;
      if (alertOpen && !wasOpen) card.raise(subject, lastActivityAt, at);
      count = now;
      at = polling.next({ subject, at, count, lastActivityAt, alertOpen });
    }
  }
  return card.score();
}

/** Every so often, whatever is seen: in batches of 100 that follow one another evenly. */
export function every({ from, subjects }: World, interval: number): Polling {
  const batches = Math.ceil(subjects.length / batchSize);
  return {
    first: ({ index }) => from + (interval * Math.floor(index / batchSize)) / batches,
    next: ({ at }) => at + interval,
  };
}

/**
 * Miniflux's polling scheduler "entry_frequency" with its defaults: a week divided by the entries of the last week,
 * from 5 minutes to 24 hours (performance.md section 2.7; miniflux internal/model/feed.go).
 */
export function entryFrequency({ from }: World): Polling {
  return {
    first: ({ index }) => from + share(1, index) * oneDay,
    next({ subject, at, count }) {
      const weekly = count - countUntil(subject, at - oneWeek);
      return at + Math.min(oneDay, Math.max(5 * oneMinute, weekly > 0 ? oneWeek / weekly : oneDay));
    },
  };
}

/**
 * The fewest looks that any policy needs which is never late: each at the last instant at which the one before allows it.
 * (No look shows more than a later one, so putting one off never costs another; the test compares with all schedules.)
 * Unlike every policy that can be followed, it needs no look that confirms.
 */
export function optimum({ from, span }: World): Polling {
  return {
    first: () => from,
    next: ({ at, lastActivityAt, alertOpen }) => (alertOpen ? at : lastActivityAt) + span,
  };
}
