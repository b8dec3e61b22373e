import { mostDays, profileDaysQuery, totalDaysQuery } from '@app/contract/activity-days';
import { type Days, readProfileDays, readTotals } from '@app/database/activity-days';
import type { Handler } from './answer.ts';
import { groupFilter } from './filters.ts';
import { parseQuery } from './parse.ts';
import { presentProfileDays, presentTotalDays } from './present-days.ts';
import { wrongParameter } from './problem.ts';
import { profileIn } from './profiles.ts';

const oneDay = 86_400_000;
const year = 365;

/** "How often was it active on each day?" of one profile. */
export const showProfileDays: Handler = async (api, request) => {
  const days = daysOf(parseQuery(profileDaysQuery, request));
  const rows = await readProfileDays(api.pool, await profileIn(api, request), days);
  return { status: 200, body: presentProfileDays(days, rows) };
};

/** The same of all profiles, or of a group, with the alerts of each day. */
export const showTotalDays: Handler = async (api, request) => {
  const { group, ...asked } = parseQuery(totalDaysQuery, request);
  const days = daysOf(asked);
  const groupId = await groupFilter(api, group);
  return {
    status: 200,
    body: presentTotalDays(days, await readTotals(api.pool, groupId ?? null, days)),
  };
};

function daysOf(asked: { from?: string | undefined; to?: string | undefined }): Days {
  const to = asked.to === undefined ? Date.now() : timeOf('to', asked.to);
  const from = asked.from === undefined ? to - (year - 1) * oneDay : timeOf('from', asked.from);
  const count = Math.floor(to / oneDay) - Math.floor(from / oneDay) + 1;
  if (count < 1) throw wrongParameter('from', 'must not be later than to');
  if (count > mostDays) throw wrongParameter('from', `must be at most ${mostDays} days before to`);
  return { from: dayOf(from), to: dayOf(to) };
}

/** A day that no calendar has, like the 31st of November, becomes another one here. */
function timeOf(parameter: string, day: string): number {
  const time = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(time) || dayOf(time) !== day)
    throw wrongParameter(parameter, 'must be a day of the calendar');
  return time;
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
