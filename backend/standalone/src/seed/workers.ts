import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Chunk, WorkerTask } from './worker.ts';

type Answer = { readonly profiles: number } | { readonly error: Error };

const program = new URL('./worker.ts', import.meta.url);
/** Small enough that a thread holds some 15 MB of rows, large enough that a commit costs nothing beside it. */
const chunkSize = 10_000;

export interface Run {
  readonly from: number;
  readonly until: number;
  readonly threads: number;
  /** By the database's clock. */
  readonly now: () => number;
  readonly onLoaded: (profiles: number) => void;
  readonly signal: AbortSignal;
}

/** Lets threads take chunk after chunk until all are written, or the signal says to stop: then after those in hand. */
export async function loadInThreads(task: WorkerTask, run: Run): Promise<void> {
  let next = run.from;
  let number = 0;
  const take = (): Chunk | null => {
    if (next >= run.until || run.signal.aborted) return null;
    const from = next;
    next = Math.min(from + chunkSize, run.until);
    return { number: number++, from, until: next, now: run.now() };
  };
  const failing = new AbortController();
  const threads = Array.from({ length: run.threads }, () =>
    work(task, take, { ...run, failed: failing.signal }).catch(error => failing.abort(error)),
  );
  await Promise.all(threads);
  failing.signal.throwIfAborted();
}

async function work(
  task: WorkerTask,
  take: () => Chunk | null,
  { onLoaded, failed: signal }: Pick<Run, 'onLoaded'> & { readonly failed: AbortSignal },
): Promise<void> {
  const worker = new Worker(program, { workerData: task, resourceLimits: { maxYoungGenerationSizeMb: 48 } });
  try {
    for (let chunk = take(); chunk !== null; chunk = take()) {
      worker.postMessage(chunk);
      const [answer] = (await once(worker, 'message', { signal })) as [Answer];
      if ('error' in answer) throw answer.error;
      onLoaded(answer.profiles);
    }
    worker.postMessage(null);
    await once(worker, 'exit');
  } finally {
    await worker.terminate();
  }
}
