/** How long something took, in milliseconds. */
export interface Latency {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly samples: number;
}

export interface Series<T> {
  readonly samples: number;
  /** Done first, and not counted. */
  readonly warmUp: number;
  readonly signal: AbortSignal;
  /** Before each, untimed. */
  readonly prepare: () => Promise<T>;
  /** What is timed. */
  readonly act: (prepared: T) => Promise<unknown>;
  /** After each, untimed. */
  readonly restore?: (prepared: T) => Promise<unknown>;
}

/** One after the other, so that none waits for another. */
export async function timeEach<T>({ samples, warmUp, signal, ...step }: Series<T>): Promise<Latency> {
  const taken: number[] = [];
  for (let i = -warmUp; i < samples; i++) {
    signal.throwIfAborted();
    const prepared = await step.prepare();
    const began = performance.now();
    await step.act(prepared);
    if (i >= 0) taken.push(performance.now() - began);
    await step.restore?.(prepared);
  }
  return latencyOf(taken);
}

/** By the nearest rank: a value that was really measured. */
export function latencyOf(taken: readonly number[]): Latency {
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (part: number) => rounded(sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN);
  return { p50_ms: at(0.5), p99_ms: at(0.99), samples: sorted.length };
}

function rounded(ms: number): number {
  return Number(ms.toPrecision(3));
}
