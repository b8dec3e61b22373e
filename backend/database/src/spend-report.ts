import type { Queryable } from './pool.ts';

/** Amounts are millionths of a dollar. */
export interface SpendSums {
  readonly calls: number;
  readonly users: number;
  readonly usd: number;
}

export interface GroupSpend {
  /** 0: of no group. */
  readonly groupId: number;
  /** `null`: deleted since. */
  readonly name: string | null;
  readonly today: SpendSums;
  readonly month: SpendSums;
}

/** What was spent on this UTC day and in its month, by group. */
export async function spendByGroup(db: Queryable): Promise<readonly GroupSpend[]> {
  const { rows } = await db.query<GroupRow>({
    name: 'spend-by-group',
    text: `
      WITH today AS (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date AS day)
      SELECT s.group_id, g.name, sum(s.calls) AS calls, sum(s.users)::float8 AS users, sum(s.usd)::float8 AS usd,
        coalesce(sum(s.calls) FILTER (WHERE s.day = t.day), 0) AS calls_today,
        coalesce(sum(s.users) FILTER (WHERE s.day = t.day), 0)::float8 AS users_today,
        coalesce(sum(s.usd) FILTER (WHERE s.day = t.day), 0)::float8 AS usd_today
      FROM today t JOIN spend s ON s.day BETWEEN date_trunc('month', t.day)::date AND t.day
      LEFT JOIN groups g USING (group_id)
      GROUP BY s.group_id, g.name ORDER BY usd DESC, s.group_id`,
  });
  return rows.map(row => ({
    groupId: row.group_id,
    name: row.name,
    today: { calls: row.calls_today, users: row.users_today, usd: row.usd_today },
    month: { calls: row.calls, users: row.users, usd: row.usd },
  }));
}

/** The mean of the last seven whole UTC days, as far as there are any; `null` on the first day. */
export async function meanDailySpend(db: Queryable): Promise<number | null> {
  const { rows } = await db.query<{ mean: number | null }>({
    name: 'mean-daily-spend',
    text: `
      WITH today AS (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date AS day),
        days AS (SELECT sum(usd)::float8 AS usd, min(s.day) AS first FROM spend s, today t WHERE s.day BETWEEN t.day - 7 AND t.day - 1)
      SELECT usd / (t.day - first) AS mean FROM days, today t`,
  });
  return rows[0]?.mean ?? null;
}

interface GroupRow {
  group_id: number;
  name: string | null;
  calls: number;
  users: number;
  usd: number;
  calls_today: number;
  users_today: number;
  usd_today: number;
}
