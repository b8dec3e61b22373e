import { setTimeout as sleep } from 'node:timers/promises';
import type { Feed } from './peer.ts';

/** A second of work for the quickest peer, and little enough that none of them suffers from a long queue. */
export const mostAhead = 10_000;

export interface Feeding {
  readonly feed: Pick<Feed, 'bulk' | 'add'>;
  readonly profiles: number;
  /** How many profiles earlier runs handed out: who was looked at a moment ago has no new post. */
  readonly from: number;
  readonly onAdded: (jobs: number) => void;
  readonly onError: (error: unknown) => void;
}

export interface FeedingAhead {
  /** The workers have done so many jobs. */
  done(jobs: number): void;
  stop(): Promise<void>;
}

/**
 * Adds jobs for one profile after the other while the peer works, always some ahead of it. The ids are counted up: the
 * peers are spared to find out what is due, which is a claim in the database for ours.
 */
export function feedAhead({ feed, profiles, from, onAdded, onError }: Feeding): FeedingAhead {
  const state = { added: 0, done: 0, stopped: false };
  const run = async () => {
    while (!state.stopped) {
      if (state.added - state.done + feed.bulk > mostAhead) {
        await sleep(5);
        continue;
      }
      await feed.add(idsFrom(from + state.added, feed.bulk, profiles));
      state.added += feed.bulk;
      onAdded(state.added);
    }
  };
  const running = run().catch(onError);
  return {
    done: jobs => {
      state.done = jobs;
    },
    stop: async () => {
      state.stopped = true;
      await running;
    },
  };
}

/** The ids of `count` profiles after the first `place`, in a circle of 1 to `profiles`. */
export function idsFrom(place: number, count: number, profiles: number): string[] {
  return Array.from({ length: count }, (_, i) => String(((place + i) % profiles) + 1));
}
