import { changeBudget, unlimitedBudget } from '@app/database/budget-settings';
import { type EndToEnd, measureEndToEnd } from './end-to-end/measure.ts';
import { type ApiUnderLoad, measureApi } from './growth/measure-api.ts';
import { type Growth, growTo, measureGrowth } from './growth/measure-growth.ts';
import { type Limit, measureLimit } from './limit/measure-limit.ts';
import type { BenchOptions, Part } from './options.ts';
import { measurePeers, type PeerResult } from './peers/measure-peers.ts';
import { startPipeline } from './stage/pipeline.ts';
import type { Stage } from './stage/stage.ts';
import { type BytesOnDisk, measureBytes } from './traps/bytes-on-disk.ts';
import { type DeadlineClaim, measureDeadlineClaim } from './traps/deadline-claim.ts';
import { measurePinnedSnapshot, type PinnedSnapshot } from './traps/pinned-snapshot.ts';
import { measureReplanUnderLoad, type ReplanUnderLoad } from './traps/replan-under-load.ts';

/** What was measured, by part. Parts that did not run are not in it. */
export interface Figures {
  end_to_end?: Record<number, EndToEnd>;
  peers?: Record<string, PeerResult>;
  limit?: Limit;
  growth?: Record<number, Growth>;
  api?: ApiUnderLoad;
  traps?: {
    bytes?: BytesOnDisk;
    pinned_snapshot?: PinnedSnapshot;
    deadline_claim?: DeadlineClaim;
    replan?: ReplanUnderLoad;
  };
}

export interface Results {
  readonly figures: Figures;
  readonly failures: readonly string[];
}

const growthSizes = [10_000, 100_000, 1_000_000, 10_000_000];
/** Peers and the limit need enough profiles that nobody runs out of them, and no more. */
const comparedAt = 1_000_000;
const peerSeconds = 10;
const apiSeconds = 30;
const warmUpS = 12;
const windows = 3;

/** One database that grows from size to size; at each, what belongs there is measured. */
export async function runParts(stage: Stage, options: BenchOptions): Promise<Results> {
  const run: Run = { stage, options, figures: {}, failures: [] };
  const sizes = sizesOf(options);
  const largest = sizes.at(-1) ?? comparedAt;
  for (const size of sizes) {
    stage.log(`${size.toLocaleString('en-US')} profiles`);
    await atSize(run, size, largest);
  }
  return run;
}

interface Run {
  readonly stage: Stage;
  readonly options: BenchOptions;
  readonly figures: Figures;
  readonly failures: string[];
}

export function sizesOf({ only, profiles }: BenchOptions): number[] {
  const most = Math.max(...profiles);
  const growing = only.includes('growth') ? growthSizes.filter(size => size <= most) : [];
  const compared = only.includes('peers') || only.includes('limit') ? [Math.min(comparedAt, most)] : [];
  const measured = only.includes('end-to-end') ? profiles : [most];
  return [...new Set([...growing, ...compared, ...measured])].sort((a, b) => a - b);
}

async function atSize(run: Run, size: number, largest: number): Promise<void> {
  const { stage, options, figures } = run;
  await growTo(stage, size);
  // On disk as after the seed, before anything was written anew.
  if (size === largest) {
    await attempt(run, 'traps', 'bytes on disk', async () => {
      figures.traps = { ...figures.traps, bytes: await measureBytes(stage) };
    });
  }
  if (growthSizes.includes(size)) await growthAt(run, size);
  if (options.profiles.includes(size)) await endToEndAt(run, size);
  if (size === largest) await underLoad(run, size);
  // Last, because what peers and the limit write is not due again for half a day.
  if (size === Math.min(comparedAt, largest)) await compare(run, size);
}

async function growthAt(run: Run, size: number): Promise<void> {
  await attempt(run, 'growth', `growth at ${size}`, async () => {
    run.figures.growth = { ...run.figures.growth, [size]: await measureGrowth(run.stage, size) };
  });
}

async function endToEndAt(run: Run, size: number): Promise<void> {
  const { seconds, consumers } = run.options;
  await attempt(run, 'end-to-end', `end to end at ${size}`, async () => {
    const measured = await measureEndToEnd(run.stage, { consumers, seconds, windows, warmUpS });
    run.figures.end_to_end = { ...run.figures.end_to_end, [size]: measured };
  });
}

async function compare(run: Run, size: number): Promise<void> {
  const { stage, figures } = run;
  const share = Object.values(figures.end_to_end ?? {})[0]?.activities_per_check ?? 1;
  await attempt(run, 'limit', 'the limit', async () => {
    figures.limit = await measureLimit(
      { databaseUrl: stage.databaseUrl, seconds: peerSeconds },
      undefined,
      Math.min(1, share),
    );
  });
  await attempt(run, 'peers', 'the peers', async () => {
    const { databaseUrl, amqpUrl, simulator, log, onStop } = stage;
    const context = { databaseUrl, amqpUrl, simulatorUrl: simulator.url, log, onStop };
    figures.peers = await measurePeers({ ...context, profiles: size, seconds: peerSeconds });
    for (const [name, result] of Object.entries(figures.peers)) {
      if ('error' in result) run.failures.push(`${name}: ${result.error}`);
    }
  });
}

async function underLoad(run: Run, size: number): Promise<void> {
  const { stage, figures } = run;
  await attempt(run, 'growth', 'the API while checks run', async () => {
    figures.api = await apiAtHalfSpeed(run, size);
  });
  const trap = (what: string, work: () => Promise<Figures['traps']>) =>
    attempt(run, 'traps', what, async () => {
      figures.traps = { ...figures.traps, ...(await work()) };
    });
  await trap('deadlines beside a million', async () => ({
    deadline_claim: await measureDeadlineClaim(stage),
  }));
  await trap('a pinned snapshot', async () => ({ pinned_snapshot: await measurePinnedSnapshot(stage) }));
  await trap('a re-plan', async () => ({ replan: await measureReplanUnderLoad(stage) }));
}

/** Half of what was reached before (or of 20,000, if that was not measured), by the budget: as anybody would slow it down. */
async function apiAtHalfSpeed({ stage, options, figures }: Run, size: number): Promise<ApiUnderLoad> {
  const full = figures.end_to_end?.[size]?.profiles_per_s ?? 20_000;
  await changeBudget(stage.pool, {
    ...unlimitedBudget,
    calls: Math.max(1, Math.round(full / 200)),
    windowS: 1,
  });
  const pipeline = await startPipeline(stage, { consumers: options.consumers });
  try {
    return await measureApi(stage, size, apiSeconds);
  } finally {
    await pipeline.stop();
    await changeBudget(stage.pool, unlimitedBudget);
  }
}

/** A part that cannot be measured says why, and the others go on; a stop is the end of all. */
async function attempt(run: Run, part: Part, what: string, work: () => Promise<void>): Promise<void> {
  const { stage, options, failures } = run;
  if (!options.only.includes(part)) return;
  stage.log(what);
  try {
    await work();
  } catch (error) {
    if (stage.signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    stage.log(`  could not be measured: ${reason}`);
    failures.push(`${what}: ${reason}`);
  }
}
