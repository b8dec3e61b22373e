import { readEnv, wholeNumber } from '@app/runtime/env';
import { type Lifecycle, runProcess } from '@app/runtime/process';
import { z } from 'zod';
import { createChecks } from './checks.ts';
import { feedAhead } from './feed-ahead.ts';
import type { Progress } from './peer-processes.ts';
import { peerNames, peers } from './peers.ts';

const settingsOfProcess = {
  PEER: z.enum(peerNames),
  ROLE: z.enum(['feeder', 'worker']),
  ADDRESS: z.string(),
  DATABASE_URL: z.string(),
  SIMULATOR_URL: z.string(),
  CONCURRENCY: wholeNumber(1, 10_000),
  PROFILES: wholeNumber(1, 1e12),
  FROM: wholeNumber(0, 1e12),
};

type Settings = ReturnType<typeof readEnv<typeof settingsOfProcess>>;

const reportEveryMs = 50;
const progress = { added: 0, jobs: 0, posts: 0, failure: '' };

/** One process of a peer: it hands out jobs, or it works on them. It tells its parent how far it is. */
await runProcess('peer', async lifecycle => {
  const settings = readEnv(settingsOfProcess);
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM')); // its parent is gone
  await (settings.ROLE === 'feeder' ? startFeeder(settings, lifecycle) : startWorker(settings, lifecycle));
  const timer = setInterval(report, reportEveryMs);
  lifecycle.onStop(() => clearInterval(timer));
});

function report(): void {
  const { user, system } = process.cpuUsage();
  if (process.connected) process.send?.({ ...progress, cpuMs: (user + system) / 1_000 } satisfies Progress);
}

async function startFeeder(settings: Settings, { onStop }: Lifecycle): Promise<void> {
  const peer = await peers[settings.PEER]();
  const feed = await peer.feed(settings.ADDRESS);
  onStop(() => feed.close());
  const onAdded = (jobs: number) => {
    progress.added = jobs;
  };
  const { PROFILES: profiles, FROM: from } = settings;
  const feeding = feedAhead({ feed, profiles, from, onAdded, onError: fail });
  onStop(() => feeding.stop());
  process.on('message', jobs => feeding.done(jobs as number)); // from our own parent
}

async function startWorker(settings: Settings, { onStop }: Lifecycle): Promise<void> {
  const peer = await peers[settings.PEER]();
  const { checks, close } = createChecks({
    databaseUrl: settings.DATABASE_URL,
    simulatorUrl: settings.SIMULATOR_URL,
    onPosts: posts => {
      progress.posts += posts;
    },
    onFailure: fail,
  });
  onStop(close);
  const onDone = (jobs: number) => {
    progress.jobs += jobs;
  };
  const { ADDRESS: address, CONCURRENCY: concurrency } = settings;
  onStop(await peer.work({ address, concurrency, checks, onDone }));
}

function fail(error: unknown): void {
  progress.failure ||= error instanceof Error ? error.message : String(error);
}
