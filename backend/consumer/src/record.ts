import type { Leaf } from '@app/database/leaves';
import type { Pool } from '@app/database/pool';
import { type Recorded, recordJudgments } from '@app/database/record';
import type { Judged } from '@app/database/record-columns';
import { isPassing } from '@app/database/retry';

/**
 * Records a batch. A row that the database refuses must not cost the other 99 theirs: the batch is halved until the
 * refused one stands alone, which is handed to `onRefused` and comes due again when its lease ends.
 * A database that cannot be reached is thrown on, because no halving helps.
 * Returns the profiles whose result was written, and of these those whose alerts were not opened.
 */
export async function record(
  pool: Pool,
  judged: readonly Judged[],
  leaf: Leaf,
  onRefused: (judged: Judged, error: unknown) => void,
): Promise<Pick<Recorded, 'written' | 'withheld'>> {
  if (judged.length === 0) return none;
  try {
    return await recordJudgments(pool, judged, leaf);
  } catch (error) {
    if (isPassing(error)) throw error;
    const [only] = judged;
    if (judged.length === 1 && only) {
      onRefused(only, error);
      return none;
    }
    const half = Math.ceil(judged.length / 2);
    const first = await record(pool, judged.slice(0, half), leaf, onRefused);
    const second = await record(pool, judged.slice(half), leaf, onRefused);
    return {
      written: [...first.written, ...second.written],
      withheld: [...first.withheld, ...second.withheld],
    };
  }
}

const none = { written: [], withheld: [] };
