// Makes the project runnable on any machine with Node 18 or newer: installs the dependencies, the project's own
// Node 24 among them, unless what is installed is what package-lock.json names. Plain JavaScript for the machine's Node.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const modules = join(root, 'node_modules');
const ownMajor = 24;

if (majorOf(process.version) < 18) {
  fail(`Node ${process.version} is too old to install with: 18 or newer is needed`);
}
if (!isInstalled()) install();
if (majorOf(versionOf(join(modules, '.bin', 'node'))) < ownMajor) {
  fail(
    `the project's own Node ${ownMajor} is missing: npm must be allowed to run the install script of the package "node" (see ignore-scripts in .npmrc), then run "npm ci"`,
  );
}

/** npm writes down what it installed: it must be what the lock file says, and nothing that belongs here may be missing. */
function isInstalled() {
  try {
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    const found = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(([path, entry]) => isAsWanted(path, entry, found[path]));
  } catch {
    return false;
  }
}

function isAsWanted(path, wanted, found) {
  if (!path.includes('node_modules/')) return true;
  if (found) return wanted.link ? existsSync(join(root, path)) : wanted.version === found.version;
  return Boolean(wanted.optional || wanted.devOptional || wanted.peer) && !isForThisPlatform(wanted);
}

/** Native parts are optional dependencies that name their platform. An npm on an old Node leaves them out without a word. */
function isForThisPlatform({ os, cpu, libc }) {
  if (!os && !cpu) return false;
  const allows = (list, value) => !list || list.includes(value);
  return allows(os, process.platform) && allows(cpu, process.arch) && allows(libc, libcHere());
}

function libcHere() {
  if (process.platform !== 'linux') return undefined;
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
}

function install() {
  process.stdout.write('installing dependencies (a minute or two the first time) …\n');
  const folder = mkdtempSync(join(tmpdir(), 'monitor-setup-'));
  try {
    const bin = majorOf(process.version) >= ownMajor ? dirname(process.execPath) : fetchNode(folder);
    npm(['ci'], root, bin);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * npm leaves out optional dependencies that do not want the Node it runs on: on Node 18 that is the bundler's native
 * part, without which no test starts. So npm runs on the project's own Node, which is fetched first.
 */
function fetchNode(folder) {
  const { version } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[
    'node_modules/node'
  ];
  const manifest = { private: true, dependencies: { node: version }, allowScripts: { node: true } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  npm(['install', '--no-package-lock'], folder, dirname(process.execPath));
  return join(folder, 'node_modules', 'node', 'bin');
}

/** npm tells its scripts where it is; the given Node runs it, and is what the install scripts find. */
function npm(args, cwd, bin) {
  const cli = process.env.npm_execpath;
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const [command, first] = cli?.endsWith('.js') ? [join(bin, 'node'), [cli]] : ['npm', []];
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const { status, error } = spawnSync(command, [...first, ...args, ...quiet], { cwd, env, stdio: 'inherit' });
  if (status !== 0)
    fail(`npm ${args[0]} failed${error ? `: ${error.message}` : ''}; the lines above say why`);
}

function versionOf(node) {
  return spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? '';
}

function majorOf(version) {
  return Number(/^v(\d+)\./.exec(version)?.[1] ?? 0);
}

function fail(reason) {
  process.stderr.write(`set-up: ${reason}\n`);
  process.exit(1);
}
