import type pg from 'pg';
import { droppedIndexes, forgetDroppedIndexes, restoreIndex } from './secondary-indexes.ts';

/** Held while a seed runs: one at a time, and nobody else heals what is not broken. */
const seedLock = 7_214_020;

export async function takeSeedLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
    seedLock,
  ]);
  return rows[0]?.taken === true;
}

/** Makes what a killed seed left without an index, unless one is running. */
export async function healIndexes(client: pg.Client): Promise<void> {
  const missing = await droppedIndexes(client);
  if (missing.length === 0 || !(await takeSeedLock(client))) return;
  for (const index of missing.flat()) await restoreIndex(client, index);
  await forgetDroppedIndexes(client);
}
