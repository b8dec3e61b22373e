import type { Latency } from './latency.ts';
import type { ApiUnderLoad } from './measure-api.ts';
import { type Growth, type GrowthQuestion, growthQuestions } from './measure-growth.ts';

/** By the number of profiles. */
export type GrowthBySize = Readonly<Record<number, Growth>>;

export interface GrowthReport {
  readonly table: string;
  /** The largest size against the smallest. */
  readonly ratios: Readonly<Record<GrowthQuestion, { readonly p50: number; readonly p99: number }>>;
  readonly holds: boolean;
}

/** What costs 2 ms at ten thousand profiles costs at most so much more at ten million. */
const mostGrowth = 1.5;

const titles: Readonly<Record<GrowthQuestion, string>> = {
  claim: 'claim of 1,000 rows',
  write: 'write of a batch of 100',
  list: 'list page of 100',
  search_prefix: 'search, beginning',
  search_contains: 'search, anywhere',
  overview: 'overview counts',
  profile: 'profile page',
};

export function reportGrowth(bySize: GrowthBySize): GrowthReport {
  const sizes = Object.keys(bySize)
    .map(Number)
    .sort((a, b) => a - b);
  const [smallest, largest] = [sizes[0] ?? 0, sizes.at(-1) ?? 0];
  const ratios = byQuestion(question => ratioOf(bySize[smallest]?.[question], bySize[largest]?.[question]));
  const head = ['p50 / p99, ms', ...sizes.map(nameOf), `${nameOf(smallest)} → ${nameOf(largest)}`];
  const rows = growthQuestions.map(question => [
    titles[question],
    ...sizes.map(size => cell(bySize[size]?.[question])),
    `× ${ratios[question].p50.toFixed(2)} / ${ratios[question].p99.toFixed(2)}`,
  ]);
  const holds = growthQuestions.every(question => ratios[question].p50 <= mostGrowth);
  return { table: tableOf([head, ...rows]), ratios, holds };
}

/** The API while checks run. */
export function tableOfApi({ latency, limits_ms: limits }: ApiUnderLoad): string {
  const rows = Object.entries(latency).map(([question, one]) => [
    titles[question as keyof typeof latency],
    one.p50_ms.toFixed(1),
    one.p99_ms.toFixed(1),
    limits[question as keyof typeof latency]?.toFixed(0) ?? '-',
  ]);
  return tableOf([['while checks run', 'p50, ms', 'p99, ms', 'limit of p99'], ...rows]);
}

function byQuestion<T>(of: (question: GrowthQuestion) => T): Record<GrowthQuestion, T> {
  return Object.fromEntries(growthQuestions.map(question => [question, of(question)])) as Record<
    GrowthQuestion,
    T
  >;
}

function ratioOf(small: Latency | undefined, large: Latency | undefined) {
  const ratio = (one = Number.NaN, other = Number.NaN) => Number((other / one).toFixed(2));
  return { p50: ratio(small?.p50_ms, large?.p50_ms), p99: ratio(small?.p99_ms, large?.p99_ms) };
}

function cell(latency: Latency | undefined): string {
  return latency ? `${latency.p50_ms.toFixed(1)} / ${latency.p99_ms.toFixed(1)}` : '-';
}

function nameOf(profiles: number): string {
  if (profiles >= 1_000_000) return `${profiles / 1_000_000} M`;
  return profiles >= 1_000 ? `${profiles / 1_000} k` : String(profiles);
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map(row => (row[i] ?? '').length)));
  const pad = (text: string, i: number) =>
    i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0);
  return rows.map(row => row.map(pad).join('  ')).join('\n');
}
