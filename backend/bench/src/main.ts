import { runJob } from '@app/runtime/process';
import { readBenchOptions } from './options.ts';
import { runParts } from './parts.ts';
import { describeMachine, report } from './report.ts';
import { openStage } from './stage/stage.ts';

/** Everything that `npm run bench` measures: tables, and one line of JSON last. Exit code 1: a part could not run, and says why. */
await runJob('bench', async lifecycle => {
  const options = readBenchOptions(process.argv.slice(2));
  const begin = performance.now();
  const stage = await openStage(lifecycle);
  stage.log(describeMachine(stage.versions));
  const results = await runParts(stage, options);
  process.stdout.write(`${report(results, stage.versions, (performance.now() - begin) / 1_000)}\n`);
  process.stdout.write(`${JSON.stringify(results.figures)}\n`);
  return results.failures.length === 0 ? 0 : 1;
});
