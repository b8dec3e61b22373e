import { setTimeout as sleep } from 'node:timers/promises';

const longestMs = 5_000;

/** How long a message rests before its next try: base × 2^(redeliveries so far), 5 s at most, so that no failure spins. */
export function retryDelay(redeliveries: number, baseMs: number): number {
  return Math.min(baseMs * 2 ** redeliveries, longestMs);
}

/** Waits, or not any longer once the signal is aborted. Never rejects. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
