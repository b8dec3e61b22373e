import { runProcess } from '@app/runtime/process';
import { readOptions } from './options.ts';
import { startSystem } from './system.ts';

await runProcess('twitter-activity-monitor', async lifecycle => {
  const settings = readOptions(process.argv.slice(2));
  const system = await startSystem(settings, lifecycle);
  const host = settings.HOST === '127.0.0.1' || settings.HOST === '0.0.0.0' ? 'localhost' : settings.HOST;
  process.stdout.write(`
Twitter Activity Monitor is running at http://${host}:${system.port}

  profiles  http://${host}:${system.port}/api/v1/profiles
  alerts    http://${host}:${system.port}/api/v1/alerts
  database  ${system.database}
  broker    ${system.broker}
  X         ${system.source}

Ctrl-C stops it; nothing is lost.
`);
});
