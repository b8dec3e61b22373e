import type { CheckRequested, ProfilePage } from '@app/contract/profile';
import { profileListQuery } from '@app/contract/profile';
import { listProfiles as queryProfiles } from '@app/database/profile-list';
import {
  deleteProfile,
  findProfileId,
  readFormerHandles,
  readProfile,
  requestCheck,
} from '@app/database/profiles';
import type { Request } from 'express';
import type { Api, Handler } from './answer.ts';
import { groupFilter } from './filters.ts';
import { readListPlace, writeListPlace } from './list-place.ts';
import { parseProfileKey, parseQuery } from './parse.ts';
import { presentProfile, presentProfileWithHistory } from './present.ts';
import { notFound } from './problem.ts';

export const listProfiles: Handler = async (api, request) => {
  const { limit, cursor, ...query } = parseQuery(profileListQuery, request);
  const list = ['profiles', query.status, query.group, query.q];
  const after = readListPlace(list, cursor);
  const groupId = await groupFilter(api, query.group);
  const filter = { statuses: query.status, groupId, search: query.q };
  const { rows, next } = await queryProfiles(api.pool, filter, { after, limit });
  const body: ProfilePage = {
    items: rows.map(presentProfile),
    next_cursor: next && writeListPlace(list, next),
  };
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
