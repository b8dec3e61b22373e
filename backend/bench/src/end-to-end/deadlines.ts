import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '../stage/stage.ts';

const perTurn = 100;
const turnMs = 250;

/** Profiles all over the table whose deadline comes now, some hundred a second, beside all that is overdue. */
export function streamDeadlines({ pool }: Pick<Stage, 'pool'>): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const run = async () => {
    const { rows } = await pool.query<{ last: string }>('SELECT max(profile_id) AS last FROM profiles');
    const last = Number(rows[0]?.last ?? 0);
    while (!stopping.signal.aborted) {
      const ids = Array.from({ length: perTurn }, () => Math.ceil(Math.random() * last));
      await pool.query({ name: 'make-deadlines', text: makeDeadlines, values: [ids] });
      await sleep(turnMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = run();
  running.catch(() => undefined); // told by `stop`
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Those that nobody is looking at. */
const makeDeadlines = `
  UPDATE schedule SET lane = 'checks.deadline', reason = 'deadline', next_check_at = now()
  WHERE profile_id = ANY ($1::bigint[]) AND leased_until IS NULL`;
