import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { exists, PostgresError } from './binaries.ts';

/** The account that PostgreSQL runs as when we are root, which it refuses to be. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** `null`: run it as ourselves. */
export async function unprivilegedAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map(line => line.split(':'));
  const found = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody');
  if (!found)
    throw new PostgresError(
      'PostgreSQL does not run as root, and there is no account "postgres" or "nobody" to run it as',
    );
  return { uid: Number(found[2]), gid: Number(found[3]) };
}

/** Whether the account may enter a folder: every folder above it must let it pass. */
export async function mayEnter(account: Account, path: string): Promise<boolean> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (!(await maySearch(account, folder))) return false;
    if (folder === dirname(folder)) return true;
  }
}

async function maySearch(account: Account, folder: string): Promise<boolean> {
  const { mode, uid, gid } = await stat(folder);
  if (uid === account.uid) return (mode & 0o100) !== 0;
  if (gid === account.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

const setpriv = '/usr/bin/setpriv';

/**
 * The command that runs `program` as the account. Where a folder above the data lets nobody but root pass
 * (/root, or what mktemp makes), it keeps the one capability that overrides this.
 */
export async function commandAs(
  account: Account | null,
  program: string,
  args: readonly string[],
  needsOverride: boolean,
): Promise<{ file: string; args: string[]; identity: { uid?: number; gid?: number } }> {
  if (account === null) return { file: program, args: [...args], identity: {} };
  if (!needsOverride) return { file: program, args: [...args], identity: account };
  if (!(await exists(setpriv))) {
    throw new PostgresError(
      'PostgreSQL does not run as root, and other accounts may not enter this folder: use --data with a folder that they may enter, run as another user, or set DATABASE_URL',
    );
  }
  const who = [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
  const capability = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  return { file: setpriv, args: [...who, ...capability, program, ...args], identity: {} };
}
