import type { WatchRule } from '@app/policy/next-check';
import type { ScheduleOptions } from './options.ts';
import { runOurs } from './ours.ts';
import { entryFrequency, every, optimum, poll } from './polling.ts';
import type { World } from './population.ts';
import type { Score } from './score.ts';
import { type Cycle, deadlinesOnly, steered } from './steering.ts';

const oneHour = 3_600_000;
const oneDay = 24 * oneHour;

export const policyNames = [
  'optimum',
  'ours_deadline',
  'ours_fresh',
  'every_15m',
  'hourly',
  'daily',
  'entry_frequency',
  'every_t',
] as const;
export type PolicyName = (typeof policyNames)[number];
export type Scores = Readonly<Record<PolicyName, Score>>;

/** Every policy on the same world. */
export function runAll(world: World, options: ScheduleOptions): Scores {
  const { threshold, grace, freshness, budget } = options;
  const rule: WatchRule = { threshold, grace, freshness, weight: 1 };
  const patient = { ...rule, freshness: Number.POSITIVE_INFINITY };
  return {
    optimum: poll(world, optimum(world)),
    ours_deadline: runOurs(world, patient, deadlinesOnly),
    ours_fresh: runOurs(world, rule, steered(cycleOf(world, budget))),
    every_15m: poll(world, every(world, oneHour / 4)),
    hourly: poll(world, every(world, oneHour)),
    daily: poll(world, every(world, oneDay)),
    entry_frequency: poll(world, entryFrequency(world)),
    every_t: poll(world, every(world, threshold)),
  };
}

/** The budget of the whole window, at so many checks per profile and day. */
function cycleOf({ subjects, from, until }: World, checksPerProfileDay: number): Cycle {
  return { checks: (checksPerProfileDay * subjects.length * (until - from)) / oneDay, from, until };
}
