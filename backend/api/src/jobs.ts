import { jobListQuery } from '@app/contract/job';
import { cancelJob as endJob, type JobCancelled, listJobs as queryJobs, readJob } from '@app/database/jobs';
import type { Request } from 'express';
import type { Handler } from './answer.ts';
import { isInt32, readCursor, writeCursor } from './cursor.ts';
import { groupFilter } from './filters.ts';
import { pageOf } from './page.ts';
import { parseNumber, parseQuery } from './parse.ts';
import { presentJob } from './present-job.ts';
import { notFound, ProblemError } from './problem.ts';

export const listJobs: Handler = async (api, request) => {
  const { limit, cursor, ...query } = parseQuery(jobListQuery, request);
  const list = ['jobs', query.state, query.group];
  const [before] = readCursor(list, [isInt32], cursor) ?? [];
  const filter = { states: query.state, groupId: await groupFilter(api, query.group) };
  const page = { before: before === undefined ? null : Number(before), limit: limit + 1 };
  const rows = await queryJobs(api.pool, filter, page);
  return {
    status: 200,
    body: pageOf(rows, limit, presentJob, row => writeCursor(list, [String(row.job_id)])),
  };
};

export const showJob: Handler = async (api, request) => {
  const job = await readJob(api.pool, jobIdIn(request));
  if (job === null) throw noSuchJob();
  return { status: 200, body: presentJob(job) };
};

/** Takes effect between two of its steps; what they did stays. */
export const cancelJob: Handler = async (api, request) => {
  const cancelled = await endJob(api.pool, jobIdIn(request));
  if (cancelled.outcome !== 'cancelled') throw refusals[cancelled.outcome]();
  return { status: 200, body: presentJob(cancelled.job) };
};

const refusals: Readonly<Record<Exclude<JobCancelled['outcome'], 'cancelled'>, () => ProblemError>> = {
  unknown: noSuchJob,
  has_ended: () => new ProblemError('conflict', 'the job has ended already'),
  must_go_on: () =>
    new ProblemError(
      'conflict',
      'the job cannot stop where it is: profiles would be looked at too late. Change the group again, which replaces it, or wait until it is cancellable',
    ),
};

function jobIdIn(request: Request): number {
  return Number(parseNumber('id', request.params.id, 2_147_483_647n));
}

function noSuchJob(): ProblemError {
  return notFound('there is no job with this id');
}
