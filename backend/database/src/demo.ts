import { inTransaction, type Pool } from './pool.ts';

/** Ids that the simulator knows. */
const demoProfiles = 200;

/**
 * Adds the demo: 200 profiles whose thresholds are minutes. Only to a database in which nobody has made a group or
 * added a profile yet, so that a demo that was deleted stays deleted. Returns how many profiles were added.
 */
export async function addDemo(pool: Pool): Promise<number> {
  return inTransaction(pool, async client => {
    const { rowCount } = await client.query(
      `INSERT INTO groups (name, threshold_s, grace_s, freshness_s)
       SELECT 'demo', 120, 60, 30
       WHERE NOT EXISTS (SELECT FROM profiles) AND (SELECT last_value = 2 AND NOT is_called FROM groups_group_id_seq)`,
    );
    if (rowCount === 0) return 0;
    await client.query(
      `INSERT INTO profiles (profile_id, group_id, basis)
       SELECT i, (SELECT group_id FROM groups WHERE name = 'demo'), 'own' FROM generate_series(1, $1::integer) i`,
      [demoProfiles],
    );
    await client.query(
      `INSERT INTO schedule (profile_id, next_check_at, lane)
       SELECT i, now(), 'checks.fresh' FROM generate_series(1, $1::integer) i`,
      [demoProfiles],
    );
    return demoProfiles;
  });
}
