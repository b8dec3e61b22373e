import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from './log.ts';

export interface Loop {
  /** Takes no further turn and waits for the one in hand. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  readonly name: string;
  readonly log: Log;
  /** How long to wait after a turn that found nothing to do. */
  readonly idleMs: number;
  /** One turn. `true`: there may be more, go on at once. */
  readonly turn: (signal: AbortSignal) => Promise<boolean>;
}

/** After failures in a row the pause doubles from idleMs up to this. */
const longestPauseMs = 10_000;

/**
 * The loop, written once: take a turn, wait if it found nothing. A turn that throws is logged once,
 * and the next comes after a pause that doubles with each failure in a row.
 */
export function startLoop(options: LoopOptions): Loop {
  const stopping = new AbortController();
  const done = run(options, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function run(options: LoopOptions, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const more = await takeTurn(options, signal);
    failures = more === 'failed' ? failures + 1 : 0;
    if (more === true || signal.aborted) continue;
    const pause = Math.min(options.idleMs * 2 ** failures, Math.max(longestPauseMs, options.idleMs));
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
}

async function takeTurn(options: LoopOptions, signal: AbortSignal): Promise<boolean | 'failed'> {
  try {
    return await options.turn(signal);
  } catch (error) {
    options.log.error({ err: error, loop: options.name }, 'a turn failed; trying again');
    return 'failed';
  }
}
