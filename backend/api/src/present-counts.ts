import type { ByStatus, Counted, Overview, ProfileCounts } from '@app/contract/counts';
import { profileStatuses } from '@app/contract/profile';
import type { Counted as CountedRow } from '@app/database/counts';
import type { Overview as OverviewRows } from '@app/database/overview';
import type { ProfileCounts as CountRows } from '@app/database/profile-counts';
import { instant } from './present.ts';

export function presentCounts({ asOf, total, statuses, groups }: CountRows): ProfileCounts {
  return {
    as_of: instant(asOf),
    total: presentCounted(total),
    statuses: presentByStatus(statuses),
    groups: groups.map(({ groupId, name, ...count }) => ({ id: groupId, name, ...presentCounted(count) })),
  };
}

export function presentOverview({ counts, silence, deadlines }: OverviewRows): Overview {
  return {
    as_of: instant(counts.asOf),
    total: presentCounted(counts.total),
    statuses: presentByStatus(counts.statuses),
    silence: { estimated: counts.live === null, bins: silence.map(bin => ({ ...bin })) },
    deadlines: deadlines.map(({ within, ...count }) => ({ within, ...presentCounted(count) })),
  };
}

function presentByStatus(
  statuses: Readonly<Record<keyof ByStatus, CountedRow>>,
): Record<keyof ByStatus, Counted> {
  const entries = profileStatuses.map(status => [status, presentCounted(statuses[status])] as const);
  return Object.fromEntries(entries) as Record<keyof ByStatus, Counted>;
}

function presentCounted({ profiles, estimated }: CountedRow): Counted {
  return { profiles, estimated };
}
