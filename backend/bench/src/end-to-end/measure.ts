import { setTimeout as sleep } from 'node:timers/promises';
import { overdue } from '@app/database/claim';
import { type Pipeline, startPipeline } from '../stage/pipeline.ts';
import { quantile } from '../stage/quantile.ts';
import type { Stage } from '../stage/stage.ts';
import { streamDeadlines } from './deadlines.ts';

export interface EndToEnd {
  /** The median of the windows. */
  readonly profiles_per_s: number;
  readonly windows: readonly number[];
  /** Activities written per check: what share of the looks found something new. */
  readonly activities_per_check: number;
  readonly wal_bytes_per_check: number;
  /** Cores busy, by process. */
  readonly cpu: Readonly<Record<string, number>>;
  /** Microseconds of processor time per check, by process. */
  readonly cpu_us_per_check: Readonly<Record<string, number>>;
  readonly consumers: number;
  /** Of the largest consumer, at its most. */
  readonly consumer_rss_mib: number;
  readonly producer_rss_mib: number;
  /** Of the many that are overdue: from the claim until the result was written. */
  readonly claimed_to_written_ms: { readonly p50: number; readonly p99: number };
  /** Of deadlines that come due meanwhile, some hundred a second: from the due time until the result was written. */
  readonly due_to_written_ms: { readonly p50: number; readonly p99: number };
}

export interface Windows {
  readonly consumers: number;
  readonly seconds: number;
  readonly windows: number;
  readonly warmUpS: number;
  readonly env?: Readonly<Record<string, string>>;
}

const mebibyte = 2 ** 20;
/** What waits for less has come due meanwhile. */
const caughtUpMs = 3_000;
const mostCatchUpMs = 120_000;
const inHandMs = 5_000;

/** Everything is due: how many profiles a second are claimed, published, looked up over HTTP, judged, written and acknowledged? */
export async function measureEndToEnd(stage: Stage, options: Windows): Promise<EndToEnd> {
  const pipeline = await startPipeline(stage, options);
  const deadlines = streamDeadlines(stage);
  try {
    await sleep(options.warmUpS * 1_000, undefined, { signal: stage.signal });
    await deadlinesAreMet(stage);
    const begin = await look(stage, pipeline);
    const windows: number[] = [];
    let before = begin;
    let rss = 0;
    for (let i = 0; i < options.windows; i++) {
      rss = Math.max(rss, await mostResident(stage, pipeline, options.seconds));
      const now = await look(stage, pipeline);
      windows.push(((now.written - before.written) / (now.at - before.at)) * 1_000);
      stage.log(`  ${Math.round(windows.at(-1) ?? 0)} profiles/s`);
      before = now;
    }
    return report(begin, before, windows, { consumers: options.consumers, rss });
  } finally {
    await deadlines.stop();
    await pipeline.stop();
  }
}

/** The seed leaves deadlines an hour overdue. They go first, and how late they are says nothing about those that come due. */
async function deadlinesAreMet({ pool, signal, log }: Stage): Promise<void> {
  const giveUpAt = performance.now() + mostCatchUpMs;
  for (;;) {
    const { rows, oldestMs } = await overdue(pool, 'checks.deadline', 1);
    // Those in hand were due before, too.
    if (rows === 0 || oldestMs < caughtUpMs) return sleep(inHandMs, undefined, { signal });
    if (performance.now() > giveUpAt) {
      throw new Error(`deadlines are still ${Math.round(oldestMs / 1_000)} s overdue after two minutes`);
    }
    log(`  catching up with deadlines: the oldest is ${Math.round(oldestMs / 1_000)} s overdue`);
    await sleep(2_000, undefined, { signal });
  }
}

async function look({ pool }: Stage, pipeline: Pipeline) {
  const { rows } = await pool.query<{ wal: string }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal`,
  );
  const { rows: counted } = await pool.query<{ activities: string }>(
    `SELECT sum(pg_stat_get_tuples_inserted(c.oid)) AS activities FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'activities'::regclass`,
  );
  return {
    at: performance.now(),
    written: await pipeline.written(),
    usage: await pipeline.usage(),
    wal: Number(rows[0]?.wal ?? 0),
    activities: Number(counted[0]?.activities ?? 0),
    inHand: await pipeline.histogram('check_claimed_to_written_seconds', 'checks.fresh'),
    due: await pipeline.histogram('check_due_to_written_seconds', 'checks.deadline'),
  };
}

type Look = Awaited<ReturnType<typeof look>>;

/** Looks twice a second at how large the largest consumer is, for so long. */
async function mostResident(stage: Stage, pipeline: Pipeline, seconds: number): Promise<number> {
  const until = performance.now() + seconds * 1_000;
  let most = 0;
  while (performance.now() < until) {
    await sleep(Math.min(500, Math.max(1, until - performance.now())), undefined, { signal: stage.signal });
    most = Math.max(most, await pipeline.largestConsumer());
  }
  return most;
}

function report(
  begin: Look,
  end: Look,
  windows: readonly number[],
  { consumers, rss }: { consumers: number; rss: number },
): EndToEnd {
  const checks = end.written - begin.written;
  const seconds = (end.at - begin.at) / 1_000;
  const used = [...end.usage].map(
    ([name, { cpu }]) => [name, cpu - (begin.usage.get(name)?.cpu ?? 0)] as const,
  );
  const per = (divisor: number, digits: number) =>
    Object.fromEntries(used.map(([name, cpu]) => [name, Number((cpu / divisor).toFixed(digits))]));
  const inHand = (part: number) => quantile(begin.inHand, end.inHand, part);
  const due = (part: number) => quantile(begin.due, end.due, part);
  return {
    profiles_per_s: Math.round(windows.toSorted((a, b) => a - b)[Math.floor(windows.length / 2)] ?? 0),
    windows: windows.map(Math.round),
    activities_per_check: Number(((end.activities - begin.activities) / checks).toFixed(3)),
    wal_bytes_per_check: Math.round((end.wal - begin.wal) / checks),
    cpu: per(seconds, 2),
    cpu_us_per_check: per(checks / 1e6, 1),
    consumers,
    consumer_rss_mib: Math.round(rss / mebibyte),
    producer_rss_mib: Math.round((end.usage.get('producer')?.rss ?? 0) / mebibyte),
    claimed_to_written_ms: { p50: inHand(0.5), p99: inHand(0.99) },
    due_to_written_ms: { p50: due(0.5), p99: due(0.99) },
  };
}
