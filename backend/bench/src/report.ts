import { cpus, totalmem } from 'node:os';
import { reportGrowth, tableOfApi } from './growth/report-growth.ts';
import type { Figures, Results } from './parts.ts';
import { table } from './table.ts';

export function describeMachine(versions: string): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpu?.model.trim()}), ${memory} GiB, ${versions}`;
}

/** All tables, and what could not be measured. */
export function report({ figures, failures }: Results, versions: string, seconds: number): string {
  const sections = [
    describeMachine(versions),
    endToEnd(figures),
    comparison(figures),
    figures.growth ? reportGrowth(figures.growth).table : null,
    figures.api ? tableOfApi(figures.api) : null,
    traps(figures),
    failures.length > 0 ? `could not be measured:\n${failures.map(one => `  ${one}`).join('\n')}` : null,
    `in ${Math.round(seconds / 60)} min ${Math.round(seconds % 60)} s`,
  ];
  return sections.filter(section => section !== null).join('\n\n');
}

function endToEnd({ end_to_end: measured }: Figures): string | null {
  if (!measured) return null;
  const sizes = Object.entries(measured);
  const processes = [...new Set(sizes.flatMap(([, one]) => Object.keys(one.cpu)))];
  const row = (title: string, of: (one: (typeof sizes)[number][1]) => string | number) =>
    [title, ...sizes.map(([, one]) => of(one))] as const;
  return table(
    ['end to end', ...sizes.map(([size]) => Number(size).toLocaleString('en-US'))],
    [
      row('profiles checked per second (median)', one => one.profiles_per_s),
      row('windows', one => one.windows.join(' / ')),
      row('activities found per check', one => one.activities_per_check),
      row('WAL bytes per check', one => one.wal_bytes_per_check),
      row('claimed to written, p50 / p99 ms', one => pair(one.claimed_to_written_ms)),
      row('deadline due to written, p50 / p99 ms', one => pair(one.due_to_written_ms)),
      row('largest consumer, MiB resident', one => one.consumer_rss_mib),
      row('producer, MiB resident', one => one.producer_rss_mib),
      ...processes.map(name =>
        row(
          `${name}: cores, µs per check`,
          one => `${one.cpu[name] ?? 0}, ${one.cpu_us_per_check[name] ?? 0}`,
        ),
      ),
    ],
  );
}

function pair({ p50, p99 }: { p50: number; p99: number }): string {
  return `${p50} / ${p99}`;
}

/** The pipeline against its own limit and against what people would use instead. */
function comparison({ end_to_end: ours, limit, peers }: Figures): string | null {
  if (!limit && !peers) return null;
  const first = Object.values(ours ?? {})[0]?.profiles_per_s;
  const against = (rate: number) => (first === undefined ? '-' : `× ${(first / rate).toFixed(2)}`);
  const rows: (string | number)[][] =
    first === undefined ? [] : [['ours, end to end', first, first / 100, '']];
  if (limit) rows.push(['the limit: bare SQL', limit.profiles_per_s, '-', against(limit.profiles_per_s)]);
  for (const [name, one] of Object.entries(peers ?? {})) {
    if ('error' in one) rows.push([name, 'could not run', '', '']);
    else rows.push([name, one.profiles_per_s, one.jobs_per_s, against(one.profiles_per_s)]);
  }
  return table(['compared', 'profiles/s', 'jobs/s', 'ours against it'], rows);
}

function traps({ traps: found }: Figures): string | null {
  if (!found) return null;
  const { bytes, pinned_snapshot: pinned, deadline_claim: claim, replan } = found;
  const rows: string[][] = [];
  const add = (what: string, value: string, limit: string, holds: boolean) =>
    void rows.push([what, value, limit, holds ? 'yes' : 'NO']);
  if (bytes) add('bytes per profile on disk', String(bytes.per_profile), `≤ ${bytes.limit}`, bytes.holds);
  if (pinned) {
    add('claim rate beside a pinned snapshot', `× ${pinned.ratio}`, `≥ ${pinned.limit}`, pinned.holds);
  }
  if (claim) {
    const value = `p50 ${claim.p50_ms.toFixed(1)} ms, p99 ${claim.p99_ms.toFixed(1)} ms`;
    add('claim of deadlines, a million overdue', value, `≤ ${claim.limit_ms} ms`, claim.holds);
  }
  if (replan) {
    const value = `${replan.seconds_per_million} s, beside ${replan.checks_per_s} checks/s`;
    add('re-plan of a million profiles', value, `≤ ${replan.limit_s} s`, replan.holds);
  }
  return table(['traps', 'measured', 'limit', 'holds'], rows);
}
