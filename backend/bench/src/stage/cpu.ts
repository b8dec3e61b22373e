import { readdir, readFile } from 'node:fs/promises';

/** Clock ticks a second that /proc counts in: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
const kibibyte = 1_024;

export interface Usage {
  /** User and system time so far, in seconds. */
  readonly cpu: number;
  /** Resident, in bytes; what several processes share is counted for each. */
  readonly rss: number;
}

export interface Found {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** What running processes have used, by a name for each; those named null are left out. Linux only. */
export async function usageBy(nameOf: (found: Found) => string | null): Promise<Map<string, Usage>> {
  const sums = new Map<string, Usage>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const found = await usageOf(Number(entry)).catch(() => null);
    const name = found && nameOf(found);
    if (!found || name === null) continue;
    const before = sums.get(name) ?? { cpu: 0, rss: 0 };
    sums.set(name, { cpu: before.cpu + found.cpu, rss: before.rss + found.rss });
  }
  return sums;
}

/** Resident bytes of a process; 0 when it is gone. */
export async function residentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * kibibyte;
}

async function usageOf(pid: number): Promise<Usage & Found> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  const rss = await residentOf(pid);
  const ticks = Number(fields[11]) + Number(fields[12]);
  const command = stat.slice(stat.indexOf('(') + 1, end);
  return { pid, parent: Number(fields[1]), command, cpu: ticks / ticksPerSecond, rss };
}
