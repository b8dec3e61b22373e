import type { Pool } from '@app/database/pool';
import { addTally, type SourceTally } from '@app/database/source-tally';
import { type Counts, noCounts, sumOf } from '@app/policy/guard-counts';
import type { Log } from '@app/runtime/log';
import type { LookUp } from '@app/x-api/client';

/** What this consumer sees of X itself. Summed in memory and told every few seconds: one row for all consumers would be a queue. */
export interface SourceWatch {
  /** The newest post in any answer so far. */
  newest(): number | null;
  answered(lookUp: LookUp): void;
  checked(counts: Counts, newestPost: number | null): void;
  /** Tells what is left, once; a database that is gone has other worries. */
  stop(): Promise<void>;
}

type Filling = { -readonly [Name in keyof SourceTally]: SourceTally[Name] };

const empty = (): Filling => ({
  counts: noCounts,
  answers: {},
  failingAs: null,
  newestPost: null,
  vocabulary: null,
});

export function watchSource(pool: Pool, flushMs: number, log: Log): SourceWatch {
  let tally = empty();
  let newest: number | null = null;
  let telling: Promise<void> = Promise.resolve();
  const tell = async () => {
    if (isEmpty(tally)) return;
    const told = tally;
    tally = empty();
    try {
      await addTally(pool, told);
    } catch (error) {
      tally = merge(told, tally);
      log.warn({ err: error }, 'could not say how X answers; it is said later');
    }
  };
  const timer = setInterval(() => {
    telling = telling.then(tell);
  }, flushMs).unref();
  return {
    newest: () => newest,
    answered: lookUp => count(tally, lookUp),
    checked(counts, newestPost) {
      tally.counts = sumOf([tally.counts, counts]);
      tally.newestPost = greatest(tally.newestPost, newestPost);
      newest = greatest(newest, newestPost);
    },
    async stop() {
      clearInterval(timer);
      await telling;
      await tell();
    },
  };
}

function count(tally: Filling, { upstream, vocabulary }: LookUp): void {
  // We gave up ourselves: that says nothing of X.
  if (upstream.state === 'aborted') return;
  tally.answers = { ...tally.answers, [upstream.state]: (tally.answers[upstream.state] ?? 0) + 1 };
  // A rate limit is X at work: it is waited out, and speaks for nothing else.
  if (upstream.state !== 'rate_limited') tally.failingAs = upstream.state === 'ok' ? null : wordsOf(upstream);
  tally.vocabulary = vocabulary ?? tally.vocabulary;
}

function wordsOf(upstream: LookUp['upstream']): string {
  if (upstream.state === 'unavailable') return `unavailable (${upstream.status ?? upstream.cause})`;
  return upstream.state;
}

/** `later` on top of what could not be told. */
function merge(earlier: Filling, later: Filling): Filling {
  const kinds = [...Object.keys(earlier.answers), ...Object.keys(later.answers)];
  const called = Object.keys(later.answers).length > 0;
  return {
    counts: sumOf([earlier.counts, later.counts]),
    answers: Object.fromEntries(
      kinds.map(kind => [kind, (earlier.answers[kind] ?? 0) + (later.answers[kind] ?? 0)]),
    ),
    failingAs: called ? later.failingAs : earlier.failingAs,
    newestPost: greatest(earlier.newestPost, later.newestPost),
    vocabulary: later.vocabulary ?? earlier.vocabulary,
  };
}

function isEmpty({ counts, answers }: SourceTally): boolean {
  return counts.looks === 0 && Object.keys(answers).length === 0;
}

function greatest(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}
