import type { Counts } from '@app/policy/guard-counts';
import type { SourceHealth } from '@app/policy/guard-hold';
import type { Queryable } from './pool.ts';
import { sumsOf } from './source.ts';

export interface SourceRow {
  readonly health: SourceHealth;
  readonly since: number;
  readonly reasons: readonly string[];
  readonly assessed_at: number | null;
  readonly held: number;
  readonly watermark_at: number | null;
  readonly lag_ms: number | null;
  readonly demanded: boolean;
  readonly vocabulary: 'tweet' | 'post' | null;
  readonly vocabulary_at: number | null;
  readonly last_ok_at: number | null;
  readonly failing_since: number | null;
  readonly failing_as: string | null;
  readonly hour: Counts;
  readonly day: Counts;
}

/** The state of the source as people ask for it. */
export async function readSourceRow(db: Queryable): Promise<SourceRow> {
  const { rows } = await db.query<SourceRow>(`
    SELECT health, since, reasons, assessed_at, held, watermark_at, demanded, vocabulary, vocabulary_at, last_ok_at,
      failing_since, failing_as,
      CASE WHEN watermark_at IS NOT NULL
        THEN greatest(0, extract(epoch FROM clock_timestamp() - watermark_at) * 1000)::float8 END AS lag_ms,
      (SELECT ${sumsOf('m')} FROM source_minutes m WHERE m.minute >= now() - interval '1 hour') AS hour,
      (SELECT ${sumsOf('m')} FROM source_minutes m WHERE m.minute >= now() - interval '1 day' AND NOT m.excluded) AS day
    FROM source_state`);
  return rows[0] as SourceRow;
}

export interface AnswerRow {
  readonly kind: string;
  readonly calls: string;
  readonly last_at: number;
}

export async function listAnswers(db: Queryable): Promise<AnswerRow[]> {
  const { rows } = await db.query<AnswerRow>('SELECT * FROM source_answers ORDER BY last_at DESC, kind');
  return rows;
}

export interface IncidentRow {
  readonly incident_id: number;
  readonly opened_at: number;
  readonly closed_at: number | null;
  readonly reasons: readonly string[];
  readonly held: number;
}

export async function newestIncidents(db: Queryable, most: number): Promise<IncidentRow[]> {
  const { rows } = await db.query<IncidentRow>('SELECT * FROM incidents ORDER BY incident_id DESC LIMIT $1', [
    most,
  ]);
  return rows;
}
