import { createPool } from '@app/database/pool';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { dropSchema } from './drop-schema.ts';
import type { Peer } from './peer.ts';

const schema = 'bench_graphile_worker';
const task = 'check';

interface Job {
  readonly profile_id: string;
}

/** graphile-worker 0.18 with all of its batching, as its documentation recommends (worker.graphile.org/docs). */
export const graphileWorker: Peer = {
  levels: [
    { workers: 1, concurrency: 24 },
    { workers: 2, concurrency: 24 },
  ],
  open: async ({ databaseUrl }) => {
    const utils = await makeWorkerUtils({ connectionString: databaseUrl, schema, logger });
    await utils.migrate();
    await utils.release();
    return { address: databaseUrl, close: () => dropSchema(databaseUrl, schema) };
  },
  feed: async address => {
    const pool = createPool({ url: address, name: 'feeder', connections: 1, onError: () => undefined });
    return {
      bulk: 1_000,
      // docs/sql-add-job, `add_jobs`: in SQL, because its twin in JavaScript fetches every job that it made.
      add: async ids => {
        await pool.query({ name: 'add-jobs', text: addJobs, values: [ids] });
      },
      close: () => pool.end(),
    };
  },
  work: async ({ address, concurrency, checks, onDone }) => {
    const runner = await run({
      preset: { worker: workerOptions(address, concurrency) },
      taskList: { [task]: payload => checks.one((payload as Job).profile_id) }, // the feeder's own
      parsedCronItems: [],
      noHandleSignals: true,
    });
    runner.events.on('job:success', () => onDone(1));
    return () => runner.stop();
  },
};

function workerOptions(connectionString: string, concurrentJobs: number) {
  return {
    connectionString,
    schema,
    logger,
    concurrentJobs,
    // docs/config, `maxPoolSize`: 10 or concurrency + 2, whichever is larger.
    maxPoolSize: Math.max(10, concurrentJobs + 2),
    // docs/performance, "With batching": the settings of its own benchmark.
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  };
}

const addJobs = `
  SELECT count(*) FROM ${schema}.add_jobs(ARRAY(
    SELECT json_populate_record(NULL::${schema}.job_spec,
      json_build_object('identifier', '${task}', 'payload', json_build_object('profile_id', id)))
    FROM unnest($1::text[]) AS id))`;

/** It tells of every job otherwise. */
const logger = new Logger(() => () => undefined);
