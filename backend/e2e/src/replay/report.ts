import type { ReplayOptions } from './options.ts';
import type { Verdict } from './oracle.ts';

export interface Measured {
  readonly profiles: number;
  readonly raised: number;
  readonly calls: number;
  readonly checks: number;
  readonly incidents: { readonly opened: number; readonly open: number };
  /** Whether X was made to fail or lie, so that an incident had to open, and close. */
  readonly incidentExpected: boolean;
  readonly toleranceMs: number;
  readonly verdict: Verdict;
}

/** The last line of a replay: what a script reads. */
export function summaryOf({ profiles, raised, calls, checks, incidents, verdict }: Measured) {
  return {
    profiles,
    expected: verdict.expected,
    optional: verdict.optional,
    raised,
    missed: verdict.missed.length,
    false: verdict.wrong.length,
    late_p50_ms: percentile(verdict.lateMs, 0.5),
    late_p99_ms: percentile(verdict.lateMs, 0.99),
    calls,
    checks,
    incidents: incidents.opened,
    incidents_open: incidents.open,
  };
}

/** Whether the replay shows what it must. */
export function isRight({ verdict, incidents, incidentExpected }: Measured): boolean {
  const seen = !incidentExpected || (incidents.opened > 0 && incidents.open === 0);
  return verdict.missed.length === 0 && verdict.wrong.length === 0 && seen;
}

/** The table for people. */
export function tableOf(options: ReplayOptions, measured: Measured): string {
  const summary = summaryOf(measured);
  const rows: [string, string][] = [
    ['profiles watched', String(summary.profiles)],
    ['time', `${options.duration} s at ${options.speed} times the speed of the trace`],
    ['threshold + grace', `${options.threshold} + ${options.grace} s`],
    ['tolerance', `${measured.toleranceMs / 1_000} s`],
    ['alerts expected', String(summary.expected)],
    ['optional (ended inside the tolerance)', String(summary.optional)],
    ['alerts raised', String(summary.raised)],
    ['missed', String(summary.missed)],
    ['false', String(summary.false)],
    ['lateness, median', `${summary.late_p50_ms} ms`],
    ['lateness, 99th percentile', `${summary.late_p99_ms} ms`],
    ['calls to X', String(summary.calls)],
    ['checks', String(summary.checks)],
    ['incidents opened, still open', `${summary.incidents}, ${summary.incidents_open}`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
  return `${table}\n${listed('missed', measured.verdict.missed)}${listed('false', measured.verdict.wrong)}`;
}

function listed(word: string, lines: readonly string[]): string {
  const shown = lines.slice(0, 20).map(line => `  ${word}: ${line}\n`);
  const more = lines.length > 20 ? `  … and ${lines.length - 20} more\n` : '';
  return shown.join('') + more;
}

/** Of sorted values, by the nearest rank. */
function percentile(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0);
}
