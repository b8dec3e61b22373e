/** How fast consumers empty a lane. */
export interface Flow {
  /** So many messages wait now. */
  depth(messages: number): void;
  published(messages: number): void;
  /** Messages a second, lately. */
  perSecond(): number;
}

/** Depths that are closer together say more about chance than about speed. */
const leastMs = 250;
/** How much of the estimate the newest second replaces: what consumers did ten seconds ago is of no interest. */
const weightPerSecond = 0.5;

/** What went out between two depths is what was there, and came, and is not there any more. Pure but for the clock. */
export function createFlow(now: () => number = () => performance.now()): Flow {
  let before: { at: number; messages: number } | undefined;
  let came = 0;
  let rate = 0;
  return {
    depth(messages) {
      const at = now();
      if (before && at - before.at < leastMs) return;
      if (before) {
        const seconds = (at - before.at) / 1_000;
        const out = Math.max(0, before.messages + came - messages);
        const weight = 1 - (1 - weightPerSecond) ** seconds;
        rate += weight * (out / seconds - rate);
      }
      before = { at, messages };
      came = 0;
    },
    published(messages) {
      came += messages;
    },
    perSecond: () => rate,
  };
}
