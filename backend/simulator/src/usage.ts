import { type Answer, invalid, json } from './problems.ts';
import type { Vocabulary } from './vocabulary.ts';

const FIELDS = [
  'cap_reset_day',
  'daily_client_app_usage',
  'daily_project_usage',
  'project_cap',
  'project_id',
  'project_usage',
];
const DEFAULT_FIELDS = ['project_cap', 'project_id', 'project_usage'];
const PROJECT_ID = '1';
/** Post reads in a monthly cycle, since 2026-08-13. */
const PROJECT_CAP = 3_000_000;

/** The documentation shows numbers, spec 2.167 says strings. */
const number = (value: number, vocabulary: Vocabulary): number | string =>
  vocabulary === 'post' ? String(value) : value;

const midnight = (now: number): string => `${new Date(now).toISOString().slice(0, 10)}T00:00:00.000Z`;

const daysLeft = (now: number): number => {
  const day = new Date(now);
  const nextMonth = Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1);
  return Math.ceil((nextMonth - now) / 86_400_000);
};

const membersOf = (posts: number, now: number, vocabulary: Vocabulary): ReadonlyMap<string, unknown> => {
  const usage = [{ date: midnight(now), usage: number(posts, vocabulary) }];
  const project_id = vocabulary === 'post' ? PROJECT_ID : Number(PROJECT_ID);
  return new Map<string, unknown>([
    ['cap_reset_day', daysLeft(now)],
    ['daily_client_app_usage', [{ client_app_id: '1', usage, usage_result_count: 1 }]],
    ['daily_project_usage', { project_id, usage }],
    ['project_cap', number(PROJECT_CAP, vocabulary)],
    ['project_id', PROJECT_ID],
    ['project_usage', number(posts, vocabulary)],
  ]);
};

/** The counter of posts read (`includes` of look-ups, here). X counts neither users nor money in it. */
export const usage = (
  search: URLSearchParams,
  posts: number,
  now: number,
  vocabulary: Vocabulary,
): Answer => {
  const days = search.get('days') ?? '7';
  if (!/^[0-9]{1,2}$/.test(days) || Number(days) < 1 || Number(days) > 90) {
    const message = `The \`days\` query parameter value [${days}] is not between 1 and 90`;
    return invalid(vocabulary, 'days', [days], message);
  }
  const asked = search.get('usage.fields')?.split(',') ?? DEFAULT_FIELDS;
  const wrong = asked.find(field => !FIELDS.includes(field));
  if (wrong !== undefined) {
    const message = `The \`usage.fields\` query parameter value [${wrong}] is not one of [${FIELDS.join(',')}]`;
    return invalid(vocabulary, 'usage.fields', asked, message);
  }
  const members = membersOf(posts, now, vocabulary);
  return json(200, { data: Object.fromEntries(asked.map(field => [field, members.get(field)])) });
};
