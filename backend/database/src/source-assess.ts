import type { Assessment, Standing } from '@app/policy/guard';
import { inTransaction, type Pool, type Queryable } from './pool.ts';
import { canaryLook, readSource, type SourceFacts, usualGap } from './source.ts';

/** Held while one producer assesses: the others have nothing to add. */
const guardLock = 7_214_008;
/** Waiting rows are within this of their next look: a lease, a retry, a re-look. */
const horizon = `interval '1 hour'`;
const mostCounted = 10_000;

/**
 * Reads what the source did, lets `decide` say how far it is trusted, and writes that down, in one transaction.
 * Returns null when another producer is at it.
 */
export async function assessSource(
  pool: Pool,
  decide: (facts: SourceFacts) => Assessment,
): Promise<(Assessment & { readonly facts: SourceFacts; readonly held: number }) | null> {
  return inTransaction(pool, async client => {
    const { rows } = await client.query<{ leads: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS leads', [
      guardLock,
    ]);
    if (!rows[0]?.leads) return null;
    const facts = await readSource(client);
    const assessment = decide(facts);
    const held = await countHeld(client);
    await writeStanding(client, assessment, held);
    await noteMinute(client, assessment.standing);
    await noteIncident(client, facts.standing, assessment, held);
    const trusted = assessment.standing.health === 'normal' && facts.standing.health !== 'normal';
    if (trusted) await lookAgainAtHeld(client);
    return { ...assessment, facts, held };
  });
}

async function writeStanding(db: Queryable, { standing, reasons }: Assessment, held: number): Promise<void> {
  const { health, since, signAt, demanded } = standing;
  await db.query(
    `UPDATE source_state SET health = $1, since = $2, sign_at = $3, demanded = $4, reasons = $5, held = $6,
       assessed_at = clock_timestamp()`,
    [health, new Date(since), signAt === null ? null : new Date(signAt), demanded, reasons, held],
  );
}

/** The lag of the watermark is sampled where somebody looked, lately: a minute that has just begun is no row yet. Minutes in which anything spoke against the source are no baseline. */
async function noteMinute(db: Queryable, { health }: Standing): Promise<void> {
  await db.query(
    `UPDATE source_minutes m SET
       lag_ms = CASE WHEN m.minute >= e.minute - e.width
                THEN greatest(m.lag_ms, (extract(epoch FROM clock_timestamp() - e.watermark_at) * 1000)::bigint)
                ELSE m.lag_ms END,
       excluded = m.excluded OR $1
     FROM (SELECT minute_ms * interval '1 millisecond' AS width, watermark_at,
             date_bin(minute_ms * interval '1 millisecond', clock_timestamp(), 'epoch') AS minute FROM source_state) AS e
     WHERE m.minute >= e.minute - 2 * e.width`,
    [health !== 'normal'],
  );
}

/** One incident, however many alerts wait. Its reasons are those of when most alerts waited. */
async function noteIncident(
  db: Queryable,
  before: Standing,
  { standing, reasons }: Assessment,
  held: number,
): Promise<void> {
  if (standing.incident && !before.incident) {
    await db.query('INSERT INTO incidents (reasons, held) VALUES ($1, $2)', [reasons, held]);
  } else if (standing.incident) {
    await db.query(
      `UPDATE incidents SET held = greatest(held, $1), reasons = CASE WHEN $3 THEN $2 ELSE reasons END
       WHERE closed_at IS NULL AND (held < $1 OR ($3 AND cardinality(reasons) < cardinality($2::text[])))`,
      [held, reasons, standing.health === 'incident'],
    );
  } else if (before.incident) {
    await db.query('UPDATE incidents SET closed_at = clock_timestamp() WHERE closed_at IS NULL');
  }
}

/** What a second look has confirmed, and has no alert: inactivity by its deadline, a state by its age. */
const waiting = `
  s.lane = 'checks.deadline' AND s.next_check_at <= now() + ${horizon}
  AND (s.account_state = 'ok' AND s.suspected_at < s.checked_at AND s.checked_at >= s.deadline_at
    OR s.account_state NOT IN ('ok', 'unseen') AND s.state_since < s.checked_at)
  AND NOT EXISTS (SELECT FROM alerts a WHERE a.profile_id = s.profile_id AND a.status <> 'resolved'
    AND a.kind::text = CASE WHEN s.account_state = 'ok' THEN 'inactivity' ELSE s.account_state::text END)`;

async function countHeld(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ held: number }>(
    `SELECT count(*)::integer AS held FROM (SELECT FROM schedule s WHERE ${waiting} LIMIT ${mostCounted}) AS h`,
  );
  return rows[0]?.held ?? 0;
}

/** Trust is back: everything whose deadline has passed meanwhile is looked at now, and alerts follow from what is seen then. */
async function lookAgainAtHeld(db: Queryable): Promise<void> {
  await db.query(
    `WITH late AS (
       SELECT profile_id FROM schedule s
       WHERE s.lane = 'checks.deadline' AND s.next_check_at > now() AND s.next_check_at <= now() + ${horizon}
         AND (s.deadline_at <= now() OR s.deadline_at IS NULL)
       ORDER BY s.deadline_at NULLS LAST LIMIT ${mostCounted} FOR UPDATE SKIP LOCKED
     )
     UPDATE schedule s SET next_check_at = now() FROM late WHERE s.profile_id = late.profile_id`,
  );
}

/** So many rows are enough to find fifty busy profiles in. */
const mostSampled = 200_000;

/** The profiles that post most, of those seen to be active within a day; of many, the busiest of a sample of pages. */
export async function busiestProfiles(db: Queryable, most: number): Promise<string[]> {
  const { rows: size } = await db.query<{ rows: number }>(
    `SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::float8 AS rows FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'schedule'::regclass`,
  );
  const percent = Math.min(100, (100 * mostSampled) / Math.max(1, size[0]?.rows ?? 0));
  const { rows } = await db.query<{ profile_id: string }>(
    `SELECT profile_id FROM schedule TABLESAMPLE SYSTEM ($2)
     WHERE last_activity_at > now() - interval '1 day' AND account_state = 'ok' AND profile_id > 0
     ORDER BY posts_per_day DESC NULLS LAST, profile_id LIMIT $1`,
    [most, percent],
  );
  return rows.map(row => row.profile_id);
}

/** Has these looked at now, unless they were within `gapMs`: whoever posts often moves the watermark soonest. */
export async function pulse(db: Queryable, profileIds: readonly string[], gapMs: number): Promise<number> {
  const { rowCount } = await db.query(
    `UPDATE schedule s SET next_check_at = now(), lane = 'checks.deadline'
     FROM profiles p
     WHERE s.profile_id = ANY ($1::bigint[]) AND p.profile_id = s.profile_id AND p.paused_at IS NULL
       AND s.next_check_at > now() AND s.checked_at < now() - $2 * interval '1 millisecond'`,
    [profileIds, gapMs],
  );
  return rowCount ?? 0;
}

/** The same for canaries that were not looked at for as long as their usual gap. */
export async function pulseCanaries(db: Queryable, leastMs: number): Promise<number> {
  const { rowCount } = await db.query(
    `UPDATE schedule SET next_check_at = now(), lane = 'checks.deadline'
     WHERE next_check_at > now() AND profile_id = ANY (ARRAY(
       SELECT c.profile_id FROM canaries c CROSS JOIN LATERAL ${canaryLook} AS s CROSS JOIN LATERAL (${usualGap('c.profile_id')}) AS g
       WHERE NOT s.paused AND s.checked_at < now() - greatest(g.gap_ms, $1) * interval '1 millisecond' AND g.gap_ms IS NOT NULL))`,
    [leastMs],
  );
  return rowCount ?? 0;
}

export async function countIncidents(db: Queryable): Promise<{ opened: number; open: number }> {
  const { rows } = await db.query<{ opened: number; open: number }>(
    'SELECT count(*)::integer AS opened, count(*) FILTER (WHERE closed_at IS NULL)::integer AS open FROM incidents',
  );
  return rows[0] ?? { opened: 0, open: 0 };
}
