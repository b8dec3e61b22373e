import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `npm test` runs: the linter, the types, then every test. Ends with a line that counts the tests. */
const root = fileURLToPath(new URL('../../../', import.meta.url));
const filters = process.argv.slice(2);

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const checked =
  (await run('biome', ['check', '--error-on-warnings'])) && (await run('tsc', ['--build', 'backend']));
const counts = checked ? await runTests() : { passed: 0, failed: 1, skipped: 0 };
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exit(counts.failed > 0 ? 1 : 0);

async function runTests(): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), 'monitor-tests-'));
  const results = join(folder, 'results.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const passed = await run('vitest', ['run', '--root', 'backend', ...reporters, ...filters]);
  const counted = await countsIn(results);
  await rm(folder, { recursive: true, force: true });
  // A file that cannot be loaded, or a set-up that fails, has no test of its own to fail.
  return passed || counted.failed > 0 ? counted : { ...counted, failed: 1 };
}

async function countsIn(file: string): Promise<Counts> {
  try {
    const results = JSON.parse(await readFile(file, 'utf8')) as Record<string, number>;
    const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = results;
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

async function run(command: string, args: readonly string[]): Promise<boolean> {
  process.stdout.write(`\n> ${command} ${args.filter(arg => !arg.startsWith('--outputFile')).join(' ')}\n`);
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  return new Promise(resolve => {
    child.once('error', error => {
      process.stderr.write(`${command} could not be run: ${error.message}\n`);
      resolve(false);
    });
    child.once('exit', code => resolve(code === 0));
  });
}
