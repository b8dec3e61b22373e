import type { ScheduleOptions } from './options.ts';
import { policyNames, type Scores } from './policies.ts';
import type { World } from './population.ts';
import type { Score } from './score.ts';

const oneDay = 86_400_000;

const columns: readonly (readonly [string, (score: Score) => string])[] = [
  ['checks per profile-day', score => score.checks_per_profile_day.toFixed(3)],
  ['checks', score => String(score.checks)],
  ['X calls', score => String(score.calls)],
  ['$ per 1,000 and month', score => score.usd_per_1000_month.toFixed(2)],
  ['alerts', score => String(score.alerts)],
  ['late mean', score => duration(score.late_mean_s)],
  ['late p99', score => duration(score.late_p99_s)],
  ['missed', score => String(score.missed)],
  ['false', score => String(score.false)],
  ['seen after', score => duration(score.seen_delay_mean_s)],
];

/** The table for people, and what it says of the targets. */
export function tableOf(options: ScheduleOptions, world: World, scores: Scores): string {
  const rows = [
    ['policy', ...columns.map(([title]) => title)],
    ...policyNames.map(name => [name, ...columns.map(([, cell]) => cell(scores[name]))]),
  ];
  const widths = ['policy', ...columns].map((_, i) => Math.max(...rows.map(row => (row[i] ?? '').length)));
  const lines = rows.map(row => row.map((cell, i) => pad(cell, widths[i] ?? 0, i === 0)).join('  '));
  return `${headline(options, world)}\n\n${lines.join('\n')}\n\n${targets(scores)}\n`;
}

function pad(cell: string, width: number, isName: boolean): string {
  return isName ? cell.padEnd(width) : cell.padStart(width);
}

function headline({ threshold, grace, budget, from, until }: ScheduleOptions, world: World): string {
  const days = (until - from) / oneDay;
  const date = new Date(from).toISOString().slice(0, 10);
  return `${world.subjects.length} profiles, ${days} days from ${date}, T = ${threshold / oneDay} d, grace ${grace / oneDay} d, budget ${budget} checks per profile-day`;
}

function targets({ optimum, ours_deadline: deadline, ours_fresh: fresh, hourly, daily }: Scores): string {
  const needed = 1.05 * optimum.checks + deadline.alerts;
  const rows = [
    `deadlines: ${deadline.checks} checks; 1.05 x optimum + one for each alert is ${Math.round(needed)}`,
    `deadlines: ${ratio(hourly.checks, deadline.checks)} times fewer checks than hourly`,
    `freshness: activity is seen after ${ratio(fresh.seen_delay_mean_s, daily.seen_delay_mean_s)} of daily's delay, with ${ratio(fresh.checks, daily.checks)} of its checks`,
  ];
  return rows.join('\n');
}

function ratio(one: number, other: number): string {
  return other === 0 ? '-' : (one / other).toFixed(one > 10 * other ? 0 : 3);
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds === 0 ? 0 : 1)} s`;
  return seconds < 3_600 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3_600).toFixed(2)} h`;
}
