import { judge } from '@app/policy/judge';
import type { Judgment, Known } from '@app/policy/judgment';
import type { Pace, WatchRule } from '@app/policy/next-check';
import type { Seen } from '@app/policy/observation';
import { dice } from '@app/simulator/hash';
import { countUntil, lastOf, type Subject, type World } from './population.ts';
import { createQueue } from './queue.ts';
import { createScoreCard, type Score } from './score.ts';
import type { Steering } from './steering.ts';

const oneMinute = 60_000;

/** The consumer's defaults; K comes from the steering. */
const pace: Omit<Pace, 'freshnessK'> = {
  confirmDelay: oneMinute,
  freshnessFloor: oneMinute,
  retryBase: 5_000,
  retryCap: 15 * oneMinute,
};

/** Runs the real `judge` over the trace, all profiles in the order of their times, so that one K can be steered for all. */
export function runOurs(world: World, rule: WatchRule, steering: Steering): Score {
  const card = createScoreCard(world);
  const queue = createQueue<{ subject: Subject; known: Known }>();
  const random = dice(1);
  for (const subject of world.subjects)
    queue.add(world.from, { subject, known: unseen(subject, rule, world) });
  for (let next = queue.take(); next; next = queue.take()) {
    const { at, item } = next;
    const { subject, known } = item;
    const freshnessK = steering.kAt(at);
    const look = { observedAt: at, pace: { ...pace, freshnessK }, random: random() };
    const judgment = judge(known, observe(subject, at), look);
    card.look(subject, at);
    for (const alert of judgment.opened) card.raise(subject, alert.silentSince ?? at, at);
    if (at >= world.until) continue;
    steering.spend();
    queue.add(judgment.next.at, { subject, known: after(known, judgment) });
  }
  return card.score();
}

/** What X would show: a post for each activity, numbered in their order. */
function observe(subject: Subject, at: number): Seen {
  const postCount = countUntil(subject, at);
  const lastPost = { kind: 'at', id: String(postCount), at: lastOf(subject, postCount) } as const;
  const nothing = { name: null, likeCount: null, followingCount: null, profileHash: null };
  const account = { id: String(subject.index), handle: `trace_${subject.index}`, protected: false };
  return { kind: 'seen', ...account, ...nothing, createdAt: subject.times[0] ?? at, lastPost, postCount };
}

/** A profile that was just imported: nothing but its id and its rule is known. */
function unseen(subject: Subject, rule: WatchRule, { from }: World): Known {
  const nothing = { handle: null, name: null, stateSince: null, checkedAt: null, lastActivityAt: null };
  const counts = { postCount: null, likeCount: null, followingCount: null, postsPerDay: null };
  const state = { accountState: 'unseen', failures: 0, unresolvedAlerts: [], suspectedAt: null } as const;
  const ids = { profileId: String(subject.index), lastPostId: null, profileHash: null };
  return { ...ids, ...nothing, ...counts, ...state, watchedSince: from, rule };
}

/** As the rows would be written and read again. */
function after(known: Known, { state, opened, resolved }: Judgment): Known {
  const ended = resolved.map(resolution => resolution.kind);
  const still = known.unresolvedAlerts.filter(kind => !ended.includes(kind));
  return { ...known, ...state, unresolvedAlerts: [...still, ...opened.map(alert => alert.kind)] };
}
