// Makes the project runnable on any machine with Node 18 or newer: installs the dependencies, the project's own
// Node 24 among them, unless what is installed is what package-lock.json names. Plain JavaScript for the machine's Node.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const modules = join(root, 'node_modules');

if (Number(process.versions.node.split('.')[0]) < 18)
  fail(`Node ${process.versions.node} is too old to install with: 18 or newer is needed`);
if (!isInstalled()) install();
if (!hasNode24())
  fail(
    'the project\'s own Node 24 is missing: npm must be allowed to run the install script of the package "node" (check ignore-scripts in .npmrc), then run "npm ci"',
  );

/** npm writes down what it installed: each of these must be what the lock file says, and nothing that must be there may be missing. */
function isInstalled() {
  try {
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    const found = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(
      ([path, entry]) => path === '' || isAsWanted(path, entry, found[path]),
    );
  } catch {
    return false;
  }
}

function isAsWanted(path, wanted, found) {
  if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return true;
  if (!found) return Boolean(wanted.optional || wanted.devOptional || wanted.peer);
  return wanted.link ? existsSync(join(root, path)) : wanted.version === found.version;
}

function install() {
  process.stdout.write('installing dependencies (a minute or two the first time) …\n');
  // npm tells its scripts where it is; the machine's own Node runs it.
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const [command, rest] = npm?.endsWith('.js') ? [process.execPath, [npm, ...args]] : ['npm', args];
  const { status, error } = spawnSync(command, rest, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (status !== 0) fail(`npm ci failed${error ? `: ${error.message}` : ''}; the lines above say why`);
}

function hasNode24() {
  const node = join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  const { stdout } = spawnSync(node, ['--version'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  return /^v(2[4-9]|[3-9]\d)\./.test(stdout ?? '');
}

function fail(reason) {
  process.stderr.write(`set-up: ${reason}\n`);
  process.exit(1);
}
