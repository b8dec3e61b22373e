import { PgBoss } from 'pg-boss';
import { dropSchema } from './drop-schema.ts';
import type { Checks, Peer } from './peer.ts';

const schema = 'bench_pg_boss';
const queue = 'check';

interface Job {
  readonly profile_id: string;
}

/**
 * pg-boss 12 as its documentation recommends for many small jobs (pgboss.io, pages `api/jobs`, `api/queues` and
 * `api/workers`; the newer options in the comments of its own types). A batch of jobs becomes one call to X and one
 * statement, as in the documentation's example of a handler that gets several jobs.
 */
export const pgBoss: Peer = {
  levels: [
    { workers: 1, concurrency: 2 },
    { workers: 1, concurrency: 4 },
  ],
  ...peerOf((checks, ids) => checks.many(ids)),
};

/** The same with a handler that does its jobs one by one, side by side: a call and a statement for each. */
export const pgBossOneByOne: Peer = {
  levels: [{ workers: 1, concurrency: 2 }],
  ...peerOf(async (checks, ids) => {
    await Promise.all(ids.map(id => checks.one(id)));
  }),
};

function peerOf(handle: (checks: Checks, ids: readonly string[]) => Promise<void>): Omit<Peer, 'levels'> {
  return {
    open: async ({ databaseUrl }) => {
      const boss = await start(databaseUrl);
      // api/queues, `partition`: a table of its own for a large queue.
      await boss.createQueue(queue, { partition: true });
      await boss.stop({ graceful: false });
      return { address: databaseUrl, close: () => dropSchema(databaseUrl, schema) };
    },
    feed: async address => {
      const boss = await start(address);
      return {
        bulk: 1_000,
        // api/jobs, `insert()`: many jobs in one statement.
        add: async ids => {
          const jobs = ids.map(id => ({ data: { profile_id: id } satisfies Job }));
          await boss.insert(queue, jobs);
        },
        close: () => boss.stop({ graceful: false }),
      };
    },
    work: async ({ address, concurrency, checks, onDone }) => {
      const boss = await start(address);
      await boss.work<Job>(queue, { ...workOptions, localConcurrency: concurrency }, async jobs => {
        await handle(
          checks,
          jobs.map(job => job.data.profile_id),
        );
        onDone(jobs.length);
      });
      return () => boss.stop({ timeout: 5_000 });
    },
  };
}

/** api/workers. As many jobs at once as a call to X takes, and no pause between two fetches while they come back full. */
const workOptions = { batchSize: 100, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 } as const;

async function start(connectionString: string): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString, schema });
  boss.on('error', () => undefined); // a failed fetch is repeated; a failed check is counted where it fails
  await boss.start();
  return boss;
}
