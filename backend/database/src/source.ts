import type { Standing } from '@app/policy/guard';
import { type Counts, countNames } from '@app/policy/guard-counts';
import type { Source, SourceHealth } from '@app/policy/guard-hold';
import type { Canary, View } from '@app/policy/guard-signs';
import type { Queryable } from './pool.ts';

/** What `load-known` brings of the source with every row, so that no look rests on a stale copy of it. */
export const sourceColumns = `x.health AS source_health, x.since AS source_since, x.demanded AS source_demanded, x.watermark_at AS source_watermark`;

export interface SourceColumns {
  source_health: SourceHealth;
  source_since: number;
  source_demanded: boolean;
  source_watermark: number | null;
}

export function toSource(row: SourceColumns): Source {
  return {
    health: row.source_health,
    since: row.source_since,
    demanded: row.source_demanded,
    watermark: row.source_watermark,
  };
}

/** Everything that an assessment rests on, but for what the producer remembers itself. */
export interface SourceFacts {
  readonly now: number;
  readonly standing: Standing;
  readonly view: Omit<View, 'posters'>;
  readonly held: number;
}

/** How far back a baseline reaches, in minutes. */
const baselineMinutes = 1_440;
/** The current minute and so many before it are "recent". */
const recentMinutes = 2;

/** One row: the state, what is recent, and the baseline. Locks the state until the end of the transaction. */
export async function readSource(db: Queryable): Promise<SourceFacts> {
  const { rows } = await db.query<FactsRow>(factsStatement);
  const row = rows[0] as FactsRow;
  const canaries = await readCanaryFacts(db);
  return {
    now: row.now,
    standing: {
      health: row.health,
      since: row.since,
      signAt: row.sign_at,
      incident: row.incident,
      demanded: row.demanded,
    },
    view: {
      recent: row.recent,
      baseline: { ...row.baseline, usualLag: row.baseline.usual_lag },
      watermark: row.watermark_at,
      lastOkAt: row.last_ok_at,
      failing:
        row.failing_since === null ? null : { since: row.failing_since, as: row.failing_as ?? 'unknown' },
      canaries,
    },
    held: row.held,
  };
}

interface FactsRow {
  now: number;
  health: SourceHealth;
  since: number;
  sign_at: number | null;
  incident: boolean;
  demanded: boolean;
  watermark_at: number | null;
  last_ok_at: number | null;
  failing_since: number | null;
  failing_as: string | null;
  held: number;
  recent: Counts;
  baseline: Counts & { minutes: number; usual_lag: number | null };
}

/** The sums of all counts over the minutes `m`, as one JSON object. */
export function sumsOf(m: string, ...more: readonly string[]): string {
  const sums = countNames.map(name => `'${name}', coalesce(sum(${m}.${name}), 0)`);
  return `jsonb_build_object(${[...sums, ...more].join(', ')})`;
}

const minutesLooked = `'minutes', count(*) FILTER (WHERE m.looks > 0)`;
const usualLag = `'usual_lag', percentile_cont(0.9) WITHIN GROUP (ORDER BY m.lag_ms) FILTER (WHERE m.looks > 0)`;

const factsStatement = `
WITH x AS MATERIALIZED (
  SELECT *, clock_timestamp() AS now, minute_ms * interval '1 millisecond' AS width FROM source_state FOR UPDATE
), edge AS (
  SELECT date_bin(width, now, 'epoch') - ${recentMinutes} * width AS recent_from, now - ${baselineMinutes} * width AS base_from FROM x
)
SELECT x.now, x.health, x.since, x.sign_at, x.demanded, x.watermark_at, x.last_ok_at, x.failing_since, x.failing_as, x.held,
  EXISTS (SELECT FROM incidents WHERE closed_at IS NULL) AS incident,
  (SELECT ${sumsOf('m')} FROM source_minutes m, edge WHERE m.minute >= recent_from) AS recent,
  (SELECT ${sumsOf('m', minutesLooked, usualLag)}
   FROM source_minutes m, edge WHERE m.minute < recent_from AND m.minute >= base_from AND NOT m.excluded) AS baseline
FROM x`;

/** A gap is usual when it was among the last thirty between posts that were seen: that holds nights and weekends. */
async function readCanaryFacts(db: Queryable): Promise<Canary[]> {
  const { rows } = await db.query<Canary>(`
    SELECT s.last_activity_at AS "lastActivityAt", s.checked_at AS "checkedAt", g.gap_ms AS "usualGap"
    FROM canaries c CROSS JOIN LATERAL ${canaryLook} AS s CROSS JOIN LATERAL (${usualGap('c.profile_id')}) AS g`);
  return rows;
}

/**
 * The row of the canary `c`, found by its key: the planner knows nothing of how few canaries there are, and as a join reads the whole
 * schedule.
 */
export const canaryLook = `(
  SELECT s.last_activity_at, s.checked_at, p.paused_at IS NOT NULL AS paused
  FROM schedule s JOIN profiles p USING (profile_id) WHERE s.profile_id = c.profile_id LIMIT 1)`;

/** The longest of the last gaps between the posts of a profile, in milliseconds; null until five were seen. */
export function usualGap(profileId: string): string {
  return `
    SELECT CASE WHEN count(*) >= 5 THEN (extract(epoch FROM max(gap)) * 1000)::float8 END AS gap_ms
    FROM (SELECT occurred_at - lag(occurred_at) OVER (ORDER BY occurred_at) AS gap
          FROM (SELECT occurred_at FROM activities a WHERE a.profile_id = ${profileId}
                ORDER BY occurred_at DESC LIMIT 31) AS newest) AS gaps
    WHERE gap IS NOT NULL`;
}

/** What a minute is. The consumers' counts and the assessment must agree on it, so it is kept where both look. */
export async function setSourceMinute(db: Queryable, minuteMs: number): Promise<void> {
  await db.query('UPDATE source_state SET minute_ms = $1 WHERE minute_ms <> $1', [minuteMs]);
}
