import { alertListQuery } from '@app/contract/alert';
import {
  type AlertFilter,
  listAlerts as queryAlerts,
  readAlert,
  readAlertEvents,
} from '@app/database/alerts';
import type { Handler } from './answer.ts';
import { isBigint, isMicroseconds, readCursor, writeCursor } from './cursor.ts';
import { groupFilter, profileFilter } from './filters.ts';
import { pageOf } from './page.ts';
import { parseNumber, parseQuery } from './parse.ts';
import { presentAlert, presentAlertWithEvents } from './present.ts';
import { notFound } from './problem.ts';

export const listAlerts: Handler = async (api, request) => {
  const { limit, cursor, ...query } = parseQuery(alertListQuery, request);
  const list = ['alerts', query.status, query.kind, query.group, query.profile];
  const [microseconds, id] = readCursor(list, [isMicroseconds, isBigint], cursor) ?? [];
  const after = microseconds !== undefined && id !== undefined ? { microseconds, id } : null;
  const filter: AlertFilter = {
    statuses: query.status,
    kinds: query.kind,
    groupId: await groupFilter(api, query.group),
    profileId: await profileFilter(api, query.profile),
  };
  const rows = await queryAlerts(api.pool, filter, { after, limit: limit + 1 });
  const body = pageOf(rows, limit, presentAlert, row => writeCursor(list, [row.opened_us, row.alert_id]));
  return { status: 200, body };
};

export const showAlert: Handler = async (api, request) => {
  const alert = await readAlert(api.pool, parseNumber('id', request.params.id, 2n ** 63n - 1n));
  if (alert === null) throw notFound('there is no alert with this id');
  return { status: 200, body: presentAlertWithEvents(alert, await readAlertEvents(api.pool, alert)) };
};
