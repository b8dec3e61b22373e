import { runJob } from '@app/runtime/process';
import { readReplayOptions } from './options.ts';
import { replay } from './replay.ts';
import { isRight, summaryOf, tableOf } from './report.ts';

await runJob('replay', async ({ onStop }) => {
  const options = readReplayOptions(process.argv.slice(2));
  const measured = await replay(options, onStop, line => process.stderr.write(`${line}\n`));
  const summary = summaryOf(measured);
  process.stdout.write(`${tableOf(options, measured)}${JSON.stringify(summary)}\n`);
  return isRight(measured) ? 0 : 1;
});
