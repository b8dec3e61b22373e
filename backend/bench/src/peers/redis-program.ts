import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface RedisProgram {
  readonly command: string;
  /** Folders of its libraries, where they are not the system's. */
  readonly libraries: string;
}

const run = promisify(execFile);
const timeout = 300_000;
const places = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/usr/sbin', '/usr/local/sbin'];

/** The `redis-server` of this machine; else Debian's package, unpacked in `folder`: nothing is installed. */
export async function findRedis(folder: string, log: (line: string) => void): Promise<RedisProgram> {
  const path = await run('sh', ['-c', 'command -v redis-server']).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  const command = path ?? places.map(place => join(place, 'redis-server')).find(existsSync);
  if (command) return { command, libraries: '' };
  if (!existsSync('/etc/debian_version'))
    throw new Error('BullMQ needs a redis-server on the path, and none was found');
  log('downloading Debian’s redis-server (1.4 MB); it is used from a temporary folder, not installed');
  return download(folder).catch(async () => {
    // A machine whose package lists are too old, or were never fetched: only root may fetch them.
    await run('apt-get', ['update'], { timeout });
    return download(folder);
  });
}

/** The package and those it needs and that are not installed here. */
async function download(folder: string): Promise<RedisProgram> {
  const packages = join(folder, 'packages');
  const root = join(folder, 'root');
  await mkdir(join(packages, 'partial'), { recursive: true });
  const options = ['-o', `Dir::Cache::archives=${packages}`, '-o', 'Debug::NoLocking=1'];
  const install = ['install', '-y', '--no-install-recommends', '--download-only', 'redis-server'];
  await run('apt-get', [...options, ...install], { timeout });
  const files = (await readdir(packages)).filter(file => file.endsWith('.deb'));
  for (const file of files) await run('dpkg-deb', ['-x', join(packages, file), root], { timeout });
  const libraries = (await readdir(join(root, 'usr/lib'))).map(name => join(root, 'usr/lib', name));
  return { command: join(root, 'usr/bin/redis-server'), libraries: libraries.join(':') };
}
