import { type Counts, countNames } from '@app/policy/guard-counts';
import type { Queryable } from './pool.ts';

/** What a consumer has seen of the source since it last said so. */
export interface SourceTally {
  readonly counts: Counts;
  /** Calls by how X treated them. */
  readonly answers: Readonly<Record<string, number>>;
  /** How the last call failed; `null` when it succeeded, or when none was made. */
  readonly failingAs: string | null;
  /** The newest post seen, in milliseconds. */
  readonly newestPost: number | null;
  readonly vocabulary: 'tweet' | 'post' | null;
}

/**
 * Adds a tally to the minute, to the answers by kind and to the state, in one statement. Only sums and maxima, so that
 * consumers need not agree on any order.
 */
export async function addTally(db: Queryable, tally: SourceTally): Promise<void> {
  const { counts, answers, newestPost, vocabulary, failingAs } = tally;
  const kinds = Object.keys(answers);
  const calls = kinds.reduce((sum, kind) => sum + (answers[kind] ?? 0), 0);
  const ok = answers.ok ?? 0;
  await db.query({
    name: 'add-tally',
    text: addTallyStatement,
    values: [
      newestPost === null ? null : new Date(newestPost),
      vocabulary,
      ok,
      failingAs,
      kinds,
      kinds.map(kind => answers[kind]),
      calls,
      calls - ok,
      ...countNames.map(name => counts[name]),
    ],
  });
}

const columns = ['calls', 'failed', ...countNames];

const addTallyStatement = `
WITH answers AS (
  INSERT INTO source_answers AS a (kind, calls, last_at)
  SELECT kind, calls, clock_timestamp() FROM unnest($5::text[], $6::integer[]) AS t (kind, calls) ORDER BY kind
  ON CONFLICT (kind) DO UPDATE SET calls = a.calls + excluded.calls, last_at = excluded.last_at
), state AS (
  UPDATE source_state SET
    watermark_at = greatest(watermark_at, $1::timestamptz),
    vocabulary = coalesce($2, vocabulary),
    vocabulary_at = CASE WHEN $2::text IS NULL THEN vocabulary_at ELSE clock_timestamp() END,
    last_ok_at = CASE WHEN $3::integer > 0 THEN clock_timestamp() ELSE last_ok_at END,
    failing_since = CASE
      WHEN $4::text IS NULL THEN CASE WHEN $3 > 0 THEN NULL ELSE failing_since END
      WHEN $3 > 0 THEN clock_timestamp()
      ELSE coalesce(failing_since, clock_timestamp()) END,
    failing_as = CASE WHEN $4 IS NULL AND $3 > 0 THEN NULL ELSE coalesce($4, failing_as) END
  RETURNING minute_ms
)
INSERT INTO source_minutes AS m (minute, newest_at, ${columns.join(', ')})
SELECT date_bin(minute_ms * interval '1 millisecond', clock_timestamp(), 'epoch'), $1,
       ${columns.map((_, i) => `$${i + 7}::integer`).join(', ')}
FROM state
ON CONFLICT (minute) DO UPDATE SET newest_at = greatest(m.newest_at, excluded.newest_at),
       ${columns.map(name => `${name} = m.${name} + excluded.${name}`).join(', ')}`;

/** Forgets minutes older than so many days, and closed incidents older than a year. */
export async function pruneSource(db: Queryable, days: number): Promise<number> {
  const { rowCount } = await db.query(
    `DELETE FROM source_minutes WHERE minute < now() - $1 * interval '1 day'`,
    [days],
  );
  await db.query(`DELETE FROM incidents WHERE closed_at < now() - interval '1 year'`);
  return rowCount ?? 0;
}
