import type { CheckRequested } from '@app/contract/profile';
import { profileListQuery } from '@app/contract/profile';
import {
  deleteProfile,
  findProfileId,
  listProfiles as queryProfiles,
  readFormerHandles,
  readProfile,
  requestCheck,
} from '@app/database/profiles';
import type { Request } from 'express';
import type { Api, Handler } from './answer.ts';
import { isBigint, readCursor, writeCursor } from './cursor.ts';
import { groupFilter } from './filters.ts';
import { pageOf } from './page.ts';
import { parseProfileKey, parseQuery } from './parse.ts';
import { presentProfile, presentProfileWithHistory } from './present.ts';
import { notFound } from './problem.ts';

export const listProfiles: Handler = async (api, request) => {
  const { limit, cursor, ...filters } = parseQuery(profileListQuery, request);
  const list = ['profiles', filters.status, filters.group, filters.q];
  const [after = null] = readCursor(list, [isBigint], cursor) ?? [];
  const groupId = await groupFilter(api, filters.group);
  const filter = { statuses: filters.status, groupId, handlePrefix: filters.q };
  const rows = await queryProfiles(api.pool, filter, { after, limit: limit + 1 });
  const body = pageOf(rows, limit, presentProfile, row => writeCursor(list, [row.profile_id]));
  return { status: 200, body };
};

export const showProfile: Handler = async (api, request) => {
  const id = await profileIn(api, request);
  const [row, former] = await Promise.all([readProfile(api.pool, id), readFormerHandles(api.pool, id)]);
  if (row === null) throw notWatched();
  return { status: 200, body: presentProfileWithHistory(row, former) };
};

/** "Check now" sets a due time; the producer does the rest. */
export const checkProfile: Handler = async (api, request) => {
  const due = await requestCheck(api.pool, await profileIn(api, request));
  if (due === null) throw notWatched();
  const body: CheckRequested = { next_check_at: new Date(due).toISOString() };
  return { status: 202, body };
};

export const removeProfile: Handler = async (api, request) => {
  const existed = await deleteProfile(api.pool, await profileIn(api, request));
  if (!existed) throw notWatched();
  return { status: 204 };
};

/** The key of the profile that the path names. */
export async function profileIn(api: Api, request: Request): Promise<string> {
  const id = await findProfileId(api.pool, parseProfileKey('id', request.params.id));
  if (id === null) throw notWatched();
  return id;
}

export function notWatched() {
  return notFound('this profile is not watched');
}
