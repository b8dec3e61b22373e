import type { Canary, Incident, SourceReport } from '@app/contract/source';
import type { CanaryRow } from '@app/database/source-canaries';
import type { AnswerRow, IncidentRow, SourceRow } from '@app/database/source-report';

/** Rows of the source to JSON; the types are those of the contract. */
export function presentSource(
  row: SourceRow,
  answers: readonly AnswerRow[],
  incidents: readonly IncidentRow[],
  canaries: readonly CanaryRow[],
): SourceReport {
  const { failing_since: since, failing_as: as } = row;
  return {
    health: row.health,
    since: instant(row.since),
    reasons: [...row.reasons],
    assessed_at: instantOrNull(row.assessed_at),
    held: row.held,
    watermark: {
      at: instantOrNull(row.watermark_at),
      lag: row.lag_ms === null ? null : row.lag_ms / 1_000,
      demanded: row.demanded,
    },
    vocabulary: { seen: row.vocabulary, at: instantOrNull(row.vocabulary_at) },
    answers: {
      last_ok_at: instantOrNull(row.last_ok_at),
      failing: since === null ? null : { since: instant(since), as: as ?? 'unknown' },
      kinds: answers.map(({ kind, calls, last_at }) => ({
        kind,
        calls: Number(calls),
        last_at: instant(last_at),
      })),
    },
    counts: { hour: row.hour, day: row.day },
    incidents: incidents.map(presentIncident),
    canaries: canaries.map(presentCanary),
  };
}

function presentIncident({ incident_id, opened_at, closed_at, reasons, held }: IncidentRow): Incident {
  const times = { opened_at: instant(opened_at), closed_at: instantOrNull(closed_at) };
  return { id: incident_id, ...times, reasons: [...reasons], held };
}

export function presentCanary(row: CanaryRow): Canary {
  return {
    id: row.profile_id,
    handle: row.handle,
    last_activity_at: instantOrNull(row.last_activity_at),
    checked_at: instantOrNull(row.checked_at),
    usual_gap: row.usual_gap_ms === null ? null : row.usual_gap_ms / 1_000,
  };
}

function instant(time: number): string {
  return new Date(time).toISOString();
}

function instantOrNull(time: number | null): string | null {
  return time === null ? null : instant(time);
}
