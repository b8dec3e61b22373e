import type { Peer } from './peer.ts';

/** By name, and loaded one by one: a process of one peer carries nothing of the others. */
export const peers = {
  'pg-boss': async () => (await import('./pg-boss.ts')).pgBoss,
  'pg-boss, one by one': async () => (await import('./pg-boss.ts')).pgBossOneByOne,
  'graphile-worker': async () => (await import('./graphile-worker.ts')).graphileWorker,
  bullmq: async () => (await import('./bullmq.ts')).bullMq,
  'plain-rabbitmq': async () => (await import('./plain-rabbitmq.ts')).plainRabbitMq,
} satisfies Record<string, () => Promise<Peer>>;

export type PeerName = keyof typeof peers;

export const peerNames = Object.keys(peers) as PeerName[];
