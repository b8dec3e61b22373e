import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Account, commandAs, mayEnter, unprivilegedAccount } from './account.ts';
import { type Binaries, exists, findBinaries, PostgresError, shareBinaries } from './binaries.ts';

/** The name of our database, and of its owner. */
export const databaseName = 'monitor';

/** A cluster's files, and who may run it how. */
export interface Cluster {
  readonly data: string;
  readonly logFile: string;
  readonly password: string;
  readonly binaries: Binaries;
  readonly account: Account | null;
  readonly needsOverride: boolean;
}

/** The cluster in a folder; made when missing, refused when another major version made it. */
export async function prepareCluster(folder: string): Promise<Cluster> {
  await mkdir(folder, { recursive: true });
  const account = await unprivilegedAccount();
  const found = await findBinaries();
  const reachable = account === null || (await mayEnter(account, found.postgres.replace(/[^/]+$/, '')));
  const cluster: Cluster = {
    data: join(folder, 'postgres'),
    logFile: join(folder, 'postgres.log'),
    password: await passwordIn(folder),
    binaries: reachable ? found : await shareBinaries(found),
    account,
    needsOverride: account !== null && !(await mayEnter(account, folder)),
  };
  await refuseOtherVersion(cluster);
  if (!(await exists(cluster.data))) await initialise(cluster, folder);
  return cluster;
}

async function passwordIn(folder: string): Promise<string> {
  const file = join(folder, 'postgres-password');
  if (!(await exists(file)))
    await writeFile(file, randomBytes(18).toString('base64url'), { mode: 0o600, flag: 'wx' });
  return readFile(file, 'utf8');
}

async function refuseOtherVersion({ data, binaries }: Cluster): Promise<void> {
  if (!(await exists(data))) return;
  const theirs = (await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => 'unknown')).trim();
  const ours = binaries.version.split('.')[0];
  if (theirs === ours) return;
  throw new PostgresError(
    `the data in ${data} was made by PostgreSQL ${theirs}, and this is ${ours}: start the version that made it and dump it, or use --data with another folder`,
  );
}

/** Made beside and renamed, so that a half-made cluster is never taken for a whole one. */
async function initialise(cluster: Cluster, folder: string): Promise<void> {
  const partial = `${cluster.data}.new`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { mode: 0o700 });
  const passwordFile = join(partial, '..', 'postgres-password.init');
  await writeFile(passwordFile, cluster.password, { mode: 0o600 });
  if (cluster.account) {
    await chown(partial, cluster.account.uid, cluster.account.gid);
    await chown(passwordFile, cluster.account.uid, cluster.account.gid);
  }
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${databaseName}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  try {
    await run(cluster, cluster.binaries.initdb, ['-D', partial, ...access, ...locale]);
    await rename(partial, cluster.data);
  } catch (error) {
    throw new PostgresError(`could not make a database in ${folder}: ${(error as Error).message}`);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function run(cluster: Cluster, program: string, args: string[]): Promise<void> {
  const command = await commandAs(cluster.account, program, args, cluster.needsOverride);
  const child = spawn(command.file, command.args, {
    ...command.identity,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
  });
  let said = '';
  child.stderr?.on('data', chunk => {
    said = (said + chunk).slice(-2_000);
  });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  if (code !== 0) throw new Error(said.trim().split('\n').slice(-3).join(' '));
}

/** The address of a database of the cluster. */
export function urlOf(cluster: Cluster, port: number, database = databaseName): string {
  return `postgres://${databaseName}:${cluster.password}@127.0.0.1:${port}/${database}`;
}
