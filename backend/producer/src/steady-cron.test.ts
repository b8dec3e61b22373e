import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { type SteadyTask, steadyCron } from './steady-cron.ts';

let task: SteadyTask | undefined;

afterEach(async () => {
  vi.useRealTimers();
  await task?.destroy();
});

test.each([-5, 5])(
  'a clock that jumps by %i minutes stops no job',
  async minutes => {
    let ran = 0;
    task = steadyCron('test', '* * * * * *', async () => {
      ran++;
    });
    await sleep(1_100);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minutes * 60_000 });
    // A faked date stands still; moved along by hand it is a clock that was set.
    const real = performance.now();
    const shifted = Date.now();
    const mover = setInterval(() => vi.setSystemTime(shifted + performance.now() - real), 20);
    await sleep(1_200);
    ran = 0;
    await sleep(3_100);
    clearInterval(mover);
    expect(ran).toBeGreaterThanOrEqual(2);
  },
  15_000,
);
