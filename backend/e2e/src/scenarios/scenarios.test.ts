import { expect, test } from 'vitest';
import { replayScenario } from './replay-scenario.ts';

/** What happens to all 798 profiles at once, for how many seconds the replay lasts, and how many incidents there are. */
const scenarios: [string, string, number, number][] = [
  ['outage', 'X answers nothing but 503', 32, 1],
  ['frozen', 'X answers 200 with the world as it was when it froze', 36, 1],
  ['missing', 'X leaves the last post out of every answer', 32, 1],
  ['credit', 'X wants to be paid first (402)', 32, 1],
  ['vocabulary', 'X answers in its new names from then on', 26, 0],
  ['clock', "the system's clock jumps forward, and back, by five minutes", 32, 0],
];

// Two at a time (see maxConcurrency): a replay waits more than it works.
test.concurrent.each(scenarios)(
  '%s: %s, and no alert is false, and none is missed once it can be seen again',
  async (name, _, seconds, incidents) => {
    const { code, said, summary } = await replayScenario(name, seconds);
    expect(summary, said).toMatchObject({ missed: 0, false: 0, incidents, incidents_open: 0 });
    expect(summary.expected).toBeGreaterThan(300);
    expect(code).toBe(0);
  },
);
