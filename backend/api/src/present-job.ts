import type { Job } from '@app/contract/job';
import type { JobRow } from '@app/database/jobs';
import { instant, instantOrNull } from './present.ts';

/** A row of a job to JSON; the type is that of the contract. */
export function presentJob(row: JobRow): Job {
  const { group_id: id, group_name: name } = row;
  return {
    id: row.job_id,
    kind: row.kind,
    group: id === null || name === null ? null : { id, name },
    state: row.state,
    done: row.done,
    total: row.total,
    changed: row.changed,
    created_at: instant(row.created_at),
    started_at: instantOrNull(row.started_at),
    finished_at: instantOrNull(row.finished_at),
    error: row.error,
    cancellable: row.cancellable,
    replaced_by: row.replaced_by,
  };
}
