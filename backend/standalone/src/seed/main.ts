import { migrate } from '@app/database/migrate';
import { type Lifecycle, runJob } from '@app/runtime/process';
import { startEmbeddedPostgres } from '../postgres/server.ts';
import { sizedSettings } from '../postgres/sized.ts';
import { readSeedCommand, type SeedCommand } from './options.ts';
import { createProgress, summaryOf } from './progress.ts';
import { seedProfiles } from './seed-profiles.ts';

/** A quarter of the memory is the database's, as PostgreSQL's manual recommends. */
const share = 0.25;
const stopped = 'stopped: what is in stays, and the next seed or start makes the indexes that are missing';

await runJob('seed', async lifecycle => {
  const command = readSeedCommand(process.argv.slice(2));
  const databaseUrl = command.databaseUrl ?? (await startDatabase(command, lifecycle));
  await migrate(databaseUrl);
  const stopping = new AbortController();
  const { signal } = stopping;
  const seeding = seedProfiles({
    ...command,
    databaseUrl,
    signal,
    onProgress: createProgress(process.stderr),
  });
  lifecycle.onStop(async () => {
    stopping.abort();
    await seeding.catch(() => process.stderr.write(`\n${stopped}\n`));
  });
  const seeded = await seeding;
  process.stdout.write(`${process.stderr.isTTY ? '\n' : ''}${summaryOf(seeded)}\n`);
  return 0;
});

/** Nothing but the seed is at work, so that the log need not tell a standby of the indexes that are built. */
async function startDatabase({ folder }: SeedCommand, { onStop }: Lifecycle): Promise<string> {
  const settings = { ...sizedSettings(share), wal_level: 'minimal', max_wal_senders: '0' };
  const postgres = await startEmbeddedPostgres({ folder, settings });
  onStop(() => postgres.stop());
  return postgres.url;
}
