import type { Seeded, SeedProgress } from './seed-profiles.ts';

/** Where nobody looks at a moving line, a line is written so often. */
const every = 5;
const count = new Intl.NumberFormat('en-US');

/** Tells people how far a seed is: one line that moves on a terminal, a line now and then elsewhere. */
export function createProgress(out: NodeJS.WriteStream): (progress: SeedProgress) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  let toldStep = '';
  return progress => {
    if (out.isTTY) return void out.write(`\r\x1b[K${lineOf(progress)}`);
    const isNew = progress.step !== toldStep;
    if (!isNew && progress.seconds - toldAt < every) return;
    toldAt = progress.seconds;
    toldStep = progress.step;
    out.write(`${lineOf(progress)}\n`);
  };
}

function lineOf({ step, done, of, seconds }: SeedProgress): string {
  if (step === 'indexes') return `indexes: ${done} of ${of} …`;
  if (step === 'vacuum') return 'visibility and statistics …';
  return `profiles: ${count.format(done)} of ${count.format(of)}, ${count.format(Math.round(done / seconds))}/s …`;
}

/** What a seed did, in one sentence. */
export function summaryOf(seeded: Seeded): string {
  const { from, profiles, seconds, loadSeconds, indexSeconds, vacuumSeconds } = seeded;
  const parts = `rows ${loadSeconds.toFixed(1)}, indexes ${indexSeconds.toFixed(1)}, statistics ${vacuumSeconds.toFixed(1)}`;
  const ids = `ids ${from} to ${from + profiles - 1}`;
  return `${count.format(profiles)} profiles (${ids}) in ${seconds.toFixed(1)} s (${parts}): ${count.format(Math.round(profiles / seconds))}/s`;
}
