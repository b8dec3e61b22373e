import type { Log } from './log.ts';

export interface ShutdownOptions {
  readonly log: Log;
  /** Stops everything in order. When it takes longer than this, the process ends with code 1. */
  readonly deadlineMs?: number;
}

/** npm hands Ctrl-C on to its child, which has had it from the terminal already: the echo is not a second wish. */
const echoMs = 500;

/**
 * On SIGTERM or SIGINT: stop once, exit 0 when drained, 1 when that fails or takes too long.
 * A second Ctrl-C, later than the echo of the first, ends the process at once.
 */
export function stopOnSignal(stop: () => Promise<void>, options: ShutdownOptions): void {
  let asked: number | null = null;
  const onSignal = (signal: NodeJS.Signals) => {
    if (asked !== null) {
      if (performance.now() - asked > echoMs) process.exit(130);
      return;
    }
    asked = performance.now();
    options.log.info({ signal }, 'stopping');
    void finish(stop, options);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

async function finish(stop: () => Promise<void>, options: ShutdownOptions): Promise<void> {
  const deadlineMs = options.deadlineMs ?? 25_000;
  setTimeout(() => {
    options.log.error({ deadlineMs }, 'could not stop in time');
    process.exit(1);
  }, deadlineMs).unref();
  try {
    await stop();
    process.exit(0);
  } catch (error) {
    options.log.error({ err: error }, 'stopping failed');
    process.exit(1);
  }
}
