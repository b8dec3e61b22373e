import { type ProfileCounts, profileCountsQuery } from '@app/contract/counts';
import { countProfiles } from '@app/database/profile-counts';
import type { Handler } from './answer.ts';
import { groupFilter } from './filters.ts';
import { parseQuery } from './parse.ts';
import { presentCounts, presentOverview } from './present-counts.ts';

/** How many profiles there are, by status and by group. */
export const showProfileCounts: Handler = async (api, request) => {
  const query = parseQuery(profileCountsQuery, request);
  const groupId = await groupFilter(api, query.group);
  const body: ProfileCounts = presentCounts(
    await countProfiles(api.pool, { statuses: query.status, groupId }),
  );
  return { status: 200, body };
};

/** What a dashboard shows first, in one answer. */
export const showOverview: Handler = async api => {
  return { status: 200, body: presentOverview(await api.readOverview()) };
};
