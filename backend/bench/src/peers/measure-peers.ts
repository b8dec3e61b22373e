import { measurePeer } from './measure-peer.ts';
import type { PeerContext } from './peer.ts';
import { peerNames } from './peers.ts';

export type PeerResult =
  | { readonly profiles_per_s: number; readonly jobs_per_s: number; readonly note?: string }
  | { readonly error: string };

/**
 * Measures one peer after the other on the same database and simulator. Each gets profiles that no other had, as long as
 * there are enough of them, because a post is new only once. What cannot be measured says why; no figure stands for it.
 */
export async function measurePeers(context: PeerContext): Promise<Record<string, PeerResult>> {
  const results: Record<string, PeerResult> = {};
  const undo: (() => Promise<unknown>)[] = [];
  const state = { stopping: false };
  context.onStop(async () => {
    state.stopping = true;
    await undoAll(undo);
  });
  const run = { context, undo, stopping: () => state.stopping, handedOut: { count: 0 } };
  for (const name of peerNames) {
    try {
      results[name] = await measurePeer({ ...run, name }).finally(() => undoAll(undo));
    } catch (error) {
      if (state.stopping) throw error;
      results[name] = { error: error instanceof Error ? error.message : String(error) };
    }
  }
  return results;
}

/** All of it, also when a step fails; then the first failure is thrown. */
async function undoAll(undo: (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let step = undo.pop(); step; step = undo.pop()) await step().catch(error => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
