import type { Subscription } from '@app/rabbitmq/broker';
import type { Log } from '@app/runtime/log';

/**
 * Whether the lanes may be consumed. An upstream that is down is no failure of a message: the lanes rest, and the
 * messages stay where they are. What lapses meanwhile comes due again.
 */
export interface Gate {
  /** Lets the lanes rest for so long. A longer rest that is under way stays. */
  rest(ms: number, why: object): Promise<void>;
  /** Milliseconds for which the lanes still rest. */
  resting(): number;
  add(subscription: Subscription): void;
  stop(): void;
}

/** setTimeout takes no more than this. */
const longestTimer = 2 ** 31 - 1;

export function createGate(log: Log, onChange: (resting: boolean) => void): Gate {
  const subscriptions: Subscription[] = [];
  let until = 0;
  let timer: NodeJS.Timeout | undefined;
  const resume = async () => {
    timer = undefined;
    onChange(false);
    const results = await Promise.allSettled(subscriptions.map(one => one.resume()));
    for (const result of results) {
      if (result.status === 'rejected') log.error({ err: result.reason }, 'a lane could not be resumed');
    }
  };
  return {
    async rest(ms, why) {
      const end = performance.now() + Math.min(ms, longestTimer);
      if (end <= until) return;
      until = end;
      if (timer === undefined) log.warn({ ...why, restMs: Math.round(ms) }, 'the lanes rest');
      clearTimeout(timer);
      timer = setTimeout(() => void resume(), end - performance.now());
      onChange(true);
      await Promise.all(subscriptions.map(one => one.pause()));
    },
    resting: () => Math.max(0, until - performance.now()),
    add: subscription => void subscriptions.push(subscription),
    stop: () => clearTimeout(timer),
  };
}
