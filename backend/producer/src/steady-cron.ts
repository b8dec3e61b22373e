import { schedule } from 'node-cron';

export interface SteadyTask {
  destroy(): Promise<void>;
}

/** A clock that is slewed moves by milliseconds a second; one that is set jumps. */
const jumpMs = 2_000;

const ignore = (): undefined => undefined;

/** Overlaps are expected, and failures are logged where they happen, with their circumstances. */
const quiet = { info: ignore, warn: ignore, error: ignore, debug: ignore };

/**
 * A cron task that survives its clock. node-cron waits for the instant it computed last: when the clock is set back by
 * five minutes, nothing runs for five minutes (measured with 4.6.0). So the clock is compared with the monotonic one
 * every second, and after a jump the task is scheduled anew. It never overlaps itself.
 */
export function steadyCron(name: string, expression: string, job: () => Promise<void>): SteadyTask {
  let running = false;
  const once = async () => {
    if (running) return;
    running = true;
    try {
      await job();
    } finally {
      running = false;
    }
  };
  const begin = () =>
    schedule(expression, once, { name, noOverlap: true, suppressMissedWarning: true, logger: quiet });
  let task = begin();
  let offset = Date.now() - performance.now();
  const watch = setInterval(() => {
    const before = offset;
    offset = Date.now() - performance.now();
    if (Math.abs(offset - before) < jumpMs) return;
    void task.destroy();
    task = begin();
  }, 1_000);
  return {
    async destroy() {
      clearInterval(watch);
      await task.destroy();
    },
  };
}
