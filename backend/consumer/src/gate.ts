import type { Lane } from '@app/contract/message';
import type { Subscription } from '@app/rabbitmq/broker';
import type { Log } from '@app/runtime/log';

/**
 * Whether the lanes may be consumed. An upstream that is down is no failure of a message: the lanes rest, and the
 * messages stay where they are. What lapses meanwhile comes due again.
 */
export interface Gate {
  /** Lets the lanes rest for so long (all of them, if none is named). A longer rest that is under way stays. */
  rest(ms: number, why: object, lanes?: readonly Lane[]): Promise<void>;
  /** Milliseconds for which every lane still rests. */
  resting(): number;
  add(lane: Lane, subscription: Subscription): void;
  stop(): void;
}

interface Door {
  readonly lane: Lane;
  readonly subscription: Subscription;
  until: number;
  timer: NodeJS.Timeout | undefined;
}

/** setTimeout takes no more than this. */
const longestTimer = 2 ** 31 - 1;

/** `onChange` is told how many lanes rest. */
export function createGate(log: Log, onChange: (resting: number) => void): Gate {
  const doors: Door[] = [];
  let allUntil = 0;
  const told = () => onChange(doors.filter(door => door.timer !== undefined).length);
  const open = async (door: Door) => {
    door.timer = undefined;
    told();
    await door.subscription.resume().catch((error: unknown) => {
      log.error({ err: error, lane: door.lane }, 'a lane could not be resumed');
    });
  };
  const shut = (door: Door, end: number) => {
    door.until = end;
    clearTimeout(door.timer);
    door.timer = setTimeout(() => void open(door), end - performance.now());
  };
  return {
    async rest(ms, why, lanes) {
      const end = performance.now() + Math.min(ms, longestTimer);
      if (lanes === undefined) allUntil = Math.max(allUntil, end);
      const chosen = doors.filter(door => end > door.until && (lanes?.includes(door.lane) ?? true));
      if (chosen.length === 0) return;
      if (chosen.some(door => door.timer === undefined)) {
        log.warn({ ...why, lanes: chosen.map(door => door.lane), restMs: Math.round(ms) }, 'lanes rest');
      }
      for (const door of chosen) shut(door, end);
      told();
      await Promise.all(chosen.map(door => door.subscription.pause()));
    },
    resting: () => Math.max(0, allUntil - performance.now()),
    add: (lane, subscription) => void doors.push({ lane, subscription, until: 0, timer: undefined }),
    stop() {
      for (const door of doors) clearTimeout(door.timer);
    },
  };
}
