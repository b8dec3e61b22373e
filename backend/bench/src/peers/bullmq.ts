import { Queue, Worker } from 'bullmq';
import type { Peer } from './peer.ts';
import { startRedis } from './redis.ts';

const name = 'check';

interface Job {
  readonly profile_id: string;
}

/** BullMQ 6 on a Redis of its own, as its documentation recommends (docs.bullmq.io). */
export const bullMq: Peer = {
  levels: [
    { workers: 1, concurrency: 100 },
    { workers: 2, concurrency: 50 },
  ],
  open: ({ log }) => startRedis(log),
  feed: async address => {
    const queue = new Queue<Job>(name, { connection: connectionOf(address) });
    await queue.waitUntilReady();
    return {
      // guide/queues/batches: 100 to 500 at once, where jobs are small.
      bulk: 500,
      add: async ids => {
        await queue.addBulk(ids.map(id => ({ name, data: { profile_id: id } })));
      },
      close: () => queue.close(),
    };
  },
  work: async ({ address, concurrency, checks, onDone }) => {
    const worker = new Worker<Job>(name, job => checks.one(job.data.profile_id), {
      connection: connectionOf(address),
      // guide/workers/concurrency: 50 in its example, for jobs that wait for calls; and several worker processes.
      concurrency,
      // guide/workers/auto-removal-of-jobs.
      removeOnComplete: { count: 0 },
    });
    worker.on('completed', () => onDone(1));
    worker.on('error', () => undefined); // a lost connection is made again; a failed check is counted where it fails
    await worker.waitUntilReady();
    return () => worker.close();
  },
};

/** guide/going-to-production: null, so that a worker outlives a lost connection. */
function connectionOf(address: string) {
  const { hostname: host, port } = new URL(address);
  return { host, port: Number(port), maxRetriesPerRequest: null };
}
