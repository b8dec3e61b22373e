import { alertPage } from '@app/contract/alert';
import { importReport } from '@app/contract/import-report';
import type { TraceProfile } from '@app/simulator/trace-source';
import type { Raised } from './oracle.ts';

/** Watches every account of the trace: one group with the policy of the replay, one import. */
export async function watchAll(
  url: string,
  profiles: readonly TraceProfile[],
  policy: { threshold: number; grace: number; freshness: number },
): Promise<void> {
  await send(`${url}/api/v1/groups`, 'application/json', JSON.stringify({ name: 'replay', ...policy }));
  const lines = profiles.map(({ id }) => `${id},replay`);
  const answer = await send(
    `${url}/api/v1/profiles/import`,
    'text/csv',
    ['id,group', ...lines, ''].join('\n'),
  );
  const report = importReport.parse(answer);
  if (report.created !== profiles.length)
    throw new Error(`only ${report.created} of ${profiles.length} accounts were imported`);
}

async function send(url: string, type: string, body: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

/** Every inactivity alert that was opened until then, as anyone would read them. */
export async function readAlerts(
  url: string,
  profiles: readonly TraceProfile[],
  until: number,
): Promise<Raised[]> {
  const accounts = new Map(profiles.map(({ id, account }) => [id, account]));
  const raised: Raised[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const response = await fetch(`${url}/api/v1/alerts?kind=inactivity&limit=1000${from}`, {
      signal: AbortSignal.timeout(30_000),
    });
    const page = alertPage.parse(await response.json());
    for (const { profile, silent_since, opened_at } of page.items) {
      const account = accounts.get(profile.id ?? '') ?? `unknown profile ${profile.id}`;
      raised.push({ account, silentSince: Date.parse(silent_since ?? ''), openedAt: Date.parse(opened_at) });
    }
    cursor = page.next_cursor;
  }
  return raised.filter(alert => alert.openedAt <= until);
}
