import type { Lane } from '@app/contract/message';
import type { Judged } from '@app/database/record-columns';
import type { Log } from '@app/runtime/log';
import type { Checked } from './check-profiles.ts';
import type { ConsumerMetrics } from './metrics.ts';

/** What a batch did, in numbers. */
export function count(metrics: ConsumerMetrics, lane: Lane, checked: Checked): void {
  const { judged, observed, counts, dropped, writtenAt, dueAt, claimedAt } = checked;
  const observations = Map.groupBy(observed, ({ observation }) =>
    observation.kind === 'unknown' ? observation.reason : observation.kind,
  );
  for (const [observation, { length }] of observations) metrics.checks.inc({ observation }, length);
  metrics.written.inc(judged.length);
  metrics.stale.inc(dropped);
  metrics.held.inc(counts.held);
  if (dueAt !== null) metrics.due.observe({ lane }, Math.max(0, writtenAt - dueAt) / 1_000);
  if (claimedAt !== null) metrics.inHand.observe({ lane }, Math.max(0, writtenAt - claimedAt) / 1_000);
  for (const { kind, baseline, confirmedAt, becameTrueAt } of judged.flatMap(one => one.judgment.opened)) {
    metrics.opened.inc({ kind });
    if (kind === 'inactivity' && !baseline) metrics.lateness.observe((confirmedAt - becameTrueAt) / 1_000);
  }
  for (const { kind } of judged.flatMap(one => one.judgment.resolved)) metrics.resolved.inc({ kind });
}

export function announce(log: Log, judged: readonly Judged[]): void {
  for (const { known, judgment } of judged) {
    for (const { kind, baseline } of judgment.opened) {
      log.info({ profile_id: known.profileId, kind, baseline }, 'alert opened');
    }
    for (const { kind } of judgment.resolved)
      log.info({ profile_id: known.profileId, kind }, 'alert resolved');
  }
}
