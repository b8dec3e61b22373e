import { setTimeout as sleep } from 'node:timers/promises';
import { startService } from '@app/e2e/processes';
import { type ApiQuestion, openQuestions } from './api-requests.ts';
import { type Latency, latencyOf } from './latency.ts';
import type { GrowthContext } from './measure-growth.ts';

export interface ApiUnderLoad {
  readonly latency: Readonly<Record<ApiQuestion, Latency>>;
  readonly limits_ms: Readonly<Partial<Record<ApiQuestion, number>>>;
  readonly holds: boolean;
}

/** 99th percentiles at 10 million profiles while checks run at half speed. */
const limits = { list: 50, search_prefix: 100, search_contains: 100, overview: 30 } as const;
/** Requests a second: some ten people who click all the time. */
const perSecond = { list: 10, search_prefix: 5, search_contains: 5, overview: 10, profile: 5 } as const;
const warmUpMs = 2_000;

/**
 * Requests come when they come, whether the last is answered or not, and each is timed from the moment at which it was
 * to be sent: a moment of standstill counts for all that it kept waiting.
 */
export async function measureApi(
  { databaseUrl, signal }: GrowthContext,
  profiles: number,
  seconds: number,
): Promise<ApiUnderLoad> {
  const api = await startService('api', { DATABASE_URL: databaseUrl });
  try {
    const { ask } = await openQuestions(api.url, profiles);
    const questions = Object.keys(perSecond) as ApiQuestion[];
    const until = performance.now() + warmUpMs + seconds * 1_000;
    const all = await Promise.all(
      questions.map(async question => [question, await stream(question, ask, until, signal)] as const),
    );
    const latency = Object.fromEntries(all) as Record<ApiQuestion, Latency>;
    const holds = (Object.keys(limits) as (keyof typeof limits)[]).every(
      question => latency[question].p99_ms <= limits[question],
    );
    return { latency, limits_ms: limits, holds };
  } finally {
    await api.stop();
  }
}

async function stream(
  question: ApiQuestion,
  ask: (question: ApiQuestion) => Promise<unknown>,
  until: number,
  signal: AbortSignal,
): Promise<Latency> {
  const gap = 1_000 / perSecond[question];
  const countFrom = performance.now() + warmUpMs;
  const taken: number[] = [];
  const sent: Promise<void>[] = [];
  // A share of the gap apart, so that the questions do not come in step.
  for (let at = performance.now() + gap * Math.random(); at < until; at += gap) {
    await sleep(Math.max(0, at - performance.now()), undefined, { signal });
    sent.push(
      ask(question).then(() => {
        if (at >= countFrom) taken.push(performance.now() - at);
      }),
    );
  }
  await Promise.all(sent);
  return latencyOf(taken);
}
