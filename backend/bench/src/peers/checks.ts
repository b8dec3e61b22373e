import { createPool } from '@app/database/pool';
import { createXApi } from '@app/x-api/client';
import type { Checks } from './peer.ts';
import { seenRow } from './seen-row.ts';
import { withSettings } from './with-settings.ts';
import { writeRow, writeRows } from './write-rows.ts';

export interface ChecksOptions {
  readonly databaseUrl: string;
  readonly simulatorUrl: string;
  /** Posts that were written. */
  readonly onPosts: (posts: number) => void;
  /** A job that fails is tried again, which would slow the peer down unseen. */
  readonly onFailure: (error: unknown) => void;
}

/** Calls and statements in flight at most, for peers whose every job has its own: with 32 of each a job cost a tenth more CPU. */
const httpConnections = 16;
const sqlConnections = 10;

/** Left to itself the server plans each update anew, for 16 partitions: 317 instead of 190 us of CPU for a row. */
const plannedOnce = { plan_cache_mode: 'force_generic_plan' };

/** Looks up with the client that ours uses, and writes what it saw. */
export function createChecks({ databaseUrl, simulatorUrl, onPosts, onFailure }: ChecksOptions) {
  const onError = () => undefined; // the statement that fails with it says so
  const url = withSettings(databaseUrl, plannedOnce);
  const pool = createPool({ url, name: 'peer', connections: sqlConnections, onError });
  const baseUrl = simulatorUrl;
  const xApi = createXApi({
    baseUrl,
    bearerToken: 'bench',
    vocabulary: 'tweet',
    connections: httpConnections,
  });
  const rowsOf = async (ids: readonly string[]) => {
    const { observations } = await xApi.lookUpByIds(ids);
    return observations.map((observation, i) => seenRow(ids[i] as string, observation)); // one for each id
  };
  const told =
    <Asked>(write: (asked: Asked) => Promise<number>) =>
    (asked: Asked) =>
      write(asked).then(onPosts, error => {
        onFailure(error);
        throw error;
      });
  const checks: Checks = {
    one: told(async id => {
      const [row] = await rowsOf([id]);
      return row ? writeRow(pool, row) : 0;
    }),
    many: told(async ids => writeRows(pool, await rowsOf(ids))),
  };
  const close = async () => {
    await xApi.close();
    await pool.end();
  };
  return { checks, close };
}
