import { startCheckLoop } from '../growth/check-loop.ts';
import { openCheckWork } from '../growth/check-work.ts';
import type { GrowthContext } from '../growth/measure-growth.ts';
import { measureReplan, type ReplanMeasured } from '../replan/measure.ts';

export interface ReplanUnderLoad extends ReplanMeasured {
  /** Results of checks that were written meanwhile. */
  readonly checks_per_s: number;
  readonly seconds_per_million: number;
  readonly limit_s: number;
  readonly holds: boolean;
}

const limitS = 60;
const million = 1_000_000;
const day = 86_400;
/** Half of what the database of two cores does alone, or less. */
const checksPerSecond = 5_000;

/** A group of a million profiles (or the largest there is) gets another threshold while checks go on. */
export async function measureReplanUnderLoad(context: GrowthContext): Promise<ReplanUnderLoad> {
  const group = await groupToReplan(context);
  const work = openCheckWork(context.databaseUrl);
  try {
    const loop = startCheckLoop(work, checksPerSecond);
    const threshold = group.threshold_s > 2 * day ? group.threshold_s - day : group.threshold_s + day;
    const measured = await measureReplan(context.pool, group.group_id, { threshold, by: 'here' });
    await loop.stop();
    const perMillion = (measured.seconds * million) / measured.profiles;
    return {
      ...measured,
      checks_per_s: Math.round(loop.written / measured.seconds),
      seconds_per_million: Number(perMillion.toFixed(1)),
      limit_s: limitS,
      holds: perMillion <= limitS,
    };
  } finally {
    await work.close();
  }
}

/** The smallest of a million or more; where there is none, the largest there is. */
async function groupToReplan({ pool }: GrowthContext) {
  const { rows } = await pool.query<{ group_id: number; threshold_s: number }>(
    `SELECT group_id, threshold_s FROM groups JOIN (
       SELECT group_id, count(*) AS profiles FROM profiles GROUP BY group_id) AS counted USING (group_id)
      ORDER BY profiles < $1, CASE WHEN profiles < $1 THEN -profiles ELSE profiles END LIMIT 1`,
    [million],
  );
  const [group] = rows;
  if (group === undefined) throw new Error('no group has profiles');
  return group;
}
