import { runJob } from '@app/runtime/process';
import { readTrace } from '@app/simulator/trace';
import { readScheduleOptions } from './options.ts';
import { runAll } from './policies.ts';
import { subjectsAt } from './population.ts';
import { tableOf } from './report.ts';

await runJob('bench:schedule', async () => {
  const options = readScheduleOptions(process.argv.slice(2));
  const { from, until, threshold, grace } = options;
  const subjects = subjectsAt(await readTrace(options.trace), from);
  if (subjects.length === 0) throw new Error(`no account of ${options.trace} was active before --from`);
  const world = { subjects, from, until, span: threshold + grace };
  const scores = runAll(world, options);
  process.stdout.write(`${tableOf(options, world, scores)}${JSON.stringify(scores)}\n`);
  return 0;
});
