import { activityKinds, activityListQuery } from '@app/contract/activity';
import { listActivities as queryActivities } from '@app/database/activities';
import type { Handler } from './answer.ts';
import { isMicroseconds, readCursor, writeCursor } from './cursor.ts';
import { pageOf } from './page.ts';
import { parseQuery } from './parse.ts';
import { presentActivity } from './present.ts';
import { profileIn } from './profiles.ts';

const isKind = (part: string) => activityKinds.some(kind => kind === part);

/** What was seen of one profile, newest first. */
export const listActivities: Handler = async (api, request) => {
  const { limit, cursor } = parseQuery(activityListQuery, request);
  const profileId = await profileIn(api, request);
  const list = ['activities', profileId];
  const [microseconds, kind] = readCursor(list, [isMicroseconds, isKind], cursor) ?? [];
  const after = microseconds !== undefined && kind !== undefined ? { microseconds, kind } : null;
  const rows = await queryActivities(api.pool, profileId, { after, limit: limit + 1 });
  const body = pageOf(rows, limit, presentActivity, row => writeCursor(list, [row.occurred_us, row.kind]));
  return { status: 200, body };
};
