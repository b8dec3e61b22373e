import type { Queryable } from './pool.ts';

/** The simulator inside the process, or anything that is reached by an address: X itself, or what speaks like it. */
export type SourceKind = 'simulated' | 'x';

/** Data of the other kind is there. The message says what to do. */
export class SourceKindError extends Error {
  override readonly name = 'SourceKindError';
}

const words: Readonly<Record<SourceKind, string>> = { simulated: 'the simulated X', x: 'the real X' };

/**
 * Says whose data this database holds from now on, and throws when it holds the other's: simulated people have the ids of
 * real ones, so that mixed up they would be looked up at X, and paid for, with activity that never was.
 */
export async function claimSource(db: Queryable, kind: SourceKind): Promise<void> {
  const { rows } = await db.query<{ kind: SourceKind }>(
    'UPDATE source_state SET kind = coalesce(kind, $1) RETURNING kind',
    [kind],
  );
  const held = rows[0]?.kind ?? kind;
  if (held === kind) return;
  throw new SourceKindError(
    `this database holds what ${words[held]} showed, and ${words[kind]} was asked for: use another one (--data with another folder, or another DATABASE_URL)`,
  );
}
