/** Undoes one step of the start; the last started is stopped first. */
export type Stop = () => Promise<void> | void;

export interface Lifecycle {
  /** Registers how to undo what was just started. */
  onStop(stop: Stop): void;
  /** True once the process has been asked to stop: a long start need not go on. */
  readonly stopping: boolean;
}

/** npm hands Ctrl-C on to its child, which has had it from the terminal already: the echo is not a second wish. */
const echoMs = 500;
/** Longer than any call in hand may take, shorter than what containers are given. */
const stopDeadlineMs = 25_000;

/**
 * The frame of every process. Starts it; on SIGTERM or SIGINT (also in the middle of the start) undoes what was
 * started, in reverse, and exits 0. What keeps it from starting is said in one line, with exit code 1.
 * A second Ctrl-C, later than the echo of the first, ends the process at once.
 */
export async function runProcess(
  name: string,
  start: (lifecycle: Lifecycle) => Promise<void>,
): Promise<void> {
  await frame(name, async lifecycle => {
    await start(lifecycle);
    return null;
  });
}

/** The same for work that ends: when it is done everything is undone, and its result is the exit code. */
export async function runJob(name: string, work: (lifecycle: Lifecycle) => Promise<number>): Promise<void> {
  await frame(name, work);
}

async function frame(name: string, work: (lifecycle: Lifecycle) => Promise<number | null>): Promise<void> {
  const stops: Stop[] = [];
  let askedAt: number | null = null;
  const onSignal = () => {
    if (askedAt !== null && performance.now() - askedAt > echoMs) process.exit(130);
    if (askedAt !== null) return;
    askedAt = performance.now();
    void undo(name, stops).then(clean => process.exit(clean ? 0 : 1));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const lifecycle = {
    onStop: (stop: Stop) => void stops.push(stop),
    get stopping() {
      return askedAt !== null;
    },
  };
  try {
    const code = await work(lifecycle);
    if (code === null || askedAt !== null) return;
    process.exit((await undo(name, stops)) ? code : 1);
  } catch (error) {
    if (askedAt !== null) return;
    say(name, error);
    await undo(name, stops);
    process.exit(1);
  }
}

async function undo(name: string, stops: Stop[]): Promise<boolean> {
  setTimeout(() => {
    say(name, new Error(`could not stop within ${stopDeadlineMs / 1_000} s`));
    process.exit(1);
  }, stopDeadlineMs).unref();
  let clean = true;
  for (let stop = stops.pop(); stop; stop = stops.pop()) {
    try {
      await stop();
    } catch (error) {
      clean = false;
      say(name, error);
    }
  }
  return clean;
}

function say(name: string, error: unknown): void {
  process.stderr.write(`${name}: ${oneLine(error)}\n`);
}

function oneLine(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(oneLine).join('; ');
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
