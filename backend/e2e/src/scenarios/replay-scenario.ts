import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../replay/main.ts', import.meta.url));
const trace = fileURLToPath(new URL('../../traces/activity.csv.gz', import.meta.url));

/** Real people's rhythm at a day a second, with a threshold of a week, while this happens to everybody in the middle. */
export async function replayScenario(name: string, seconds: number) {
  const week = ['--from', '2024-01-01', '--speed', '86400', '--threshold', '7', '--grace', '1'];
  const args = ['--trace', trace, ...week, '--for', String(seconds), '--scenario', name];
  const child = spawn(process.execPath, [main, ...args], { env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let said = '';
  child.stdout.on('data', chunk => {
    out += chunk;
  });
  child.stderr.on('data', chunk => {
    said += chunk;
  });
  const [code] = await once(child, 'exit');
  const last = out.trim().split('\n').at(-1) ?? '';
  return { code, said: `${said}${out}`, summary: last.startsWith('{') ? JSON.parse(last) : null };
}
