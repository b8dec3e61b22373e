import { type ChangedGroup, groupChange, groupInput, groupListQuery } from '@app/contract/group';
import { type GroupChanged, changeGroup as updateGroup } from '@app/database/change-group';
import {
  deleteGroup,
  type GroupDeleted,
  type GroupRow,
  createGroup as insertGroup,
  listGroups as queryGroups,
  readGroup,
} from '@app/database/groups';
import type { Request } from 'express';
import type { Api, Handler } from './answer.ts';
import { isInt32, readCursor, writeCursor } from './cursor.ts';
import { pageOf } from './page.ts';
import { parseBody, parseNumber, parseQuery, readJson } from './parse.ts';
import { presentGroup } from './present.ts';
import { presentJob } from './present-job.ts';
import { notFound, ProblemError } from './problem.ts';

export const listGroups: Handler = async (api, request) => {
  const { limit, cursor } = parseQuery(groupListQuery, request);
  const [after] = readCursor(['groups'], [isInt32], cursor) ?? [];
  const rows = await queryGroups(api.pool, {
    after: after === undefined ? null : Number(after),
    limit: limit + 1,
  });
  const body = pageOf(rows, limit, presentGroup, row => writeCursor(['groups'], [String(row.group_id)]));
  return { status: 200, body };
};

export const showGroup: Handler = async (api, request) => {
  return { status: 200, body: presentGroup(await existing(api, groupIdIn(request))) };
};

export const createGroup: Handler = async (api, request, response) => {
  const input = parseBody(groupInput, await readJson(request, response));
  const id = await insertGroup(api.pool, input);
  if (id === null) throw nameTaken();
  const body = presentGroup(await existing(api, id));
  return { status: 201, body, headers: { location: `/api/v1/groups/${id}` } };
};

/** A new threshold or grace is brought to its profiles by a job, which the answer names; a new freshness comes with the next check of each. */
export const changeGroup: Handler = async (api, request, response) => {
  const id = groupIdIn(request);
  const change = parseBody(groupChange, await readJson(request, response));
  const changed = await updateGroup(api.pool, id, change, api.confirmDelayMs);
  if (changed.outcome !== 'changed') throw refusalOfChange[changed.outcome]();
  const replan = changed.replan && presentJob(changed.replan);
  const body: ChangedGroup = { ...presentGroup(await existing(api, id)), replan };
  return { status: 200, body };
};

export const removeGroup: Handler = async (api, request) => {
  const refused = refusalOfDelete[await deleteGroup(api.pool, groupIdIn(request))];
  if (refused) throw refused();
  return { status: 204 };
};

const refusalOfChange: Readonly<Record<Exclude<GroupChanged['outcome'], 'changed'>, () => ProblemError>> = {
  unknown: noSuchGroup,
  name_taken: nameTaken,
};

const refusalOfDelete: Readonly<Record<GroupDeleted, (() => ProblemError) | null>> = {
  deleted: null,
  unknown: noSuchGroup,
  has_profiles: () => new ProblemError('conflict', 'the group still has profiles'),
  is_default: () =>
    new ProblemError('conflict', 'the default group cannot be deleted: profiles go there that name none'),
};

function groupIdIn(request: Request): number {
  return Number(parseNumber('id', request.params.id, 2_147_483_647n));
}

async function existing(api: Api, id: number): Promise<GroupRow> {
  const row = await readGroup(api.pool, id);
  if (row === null) throw noSuchGroup();
  return row;
}

function noSuchGroup(): ProblemError {
  return notFound('there is no group with this id');
}

function nameTaken(): ProblemError {
  return new ProblemError(
    'conflict',
    'another group has this name already (upper and lower case count as one)',
  );
}
