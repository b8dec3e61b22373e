import { byIndexes } from './by-indexes.ts';
import { partsOf, rarePartOf, sampleHandles } from './inside-handles.ts';
import type { Pool, Queryable } from './pool.ts';
import { placesIn, prepared } from './prepared.ts';
import { readSizes } from './profile-sizes.ts';
import {
  type After,
  candidatesOf,
  insidePattern,
  offersHandles,
  type Place,
  prefixPattern,
  type SourceName,
  undecidedSql,
  type Wanted,
} from './profile-sources.ts';
import {
  chooseRoute,
  type Match,
  type ProfileFilter,
  type Route,
  type Step,
  stepsOf,
} from './profile-steps.ts';
import { type ProfileRow, profileColumns } from './profiles.ts';
import { statusSql } from './status-sql.ts';

/** Where a page ended. */
export interface ListPlace extends After {
  readonly route: Route;
  readonly match: Match;
  readonly source: SourceName;
}

export interface ListPage {
  readonly rows: readonly ProfileRow[];
  /** Null at the end of the list only: a page may hold fewer rows than asked for, even none, and not be the last. */
  readonly next: ListPlace | null;
}

/**
 * No page looks at more candidates: some 15 ms of them. Handles are looked at before anything else of a profile, which costs
 * a third. Where nearly none belongs in the list, the page ends early and says where to go on.
 */
const mostExamined = 3_000;
const mostHandlesExamined = 10_000;
/** Each further source of a page may look at so many, whatever those before it took. */
const leastExamined = 500;

/** A page of the profiles that the filter lets through, from the one after `after` on. */
export async function listProfiles(
  pool: Pool,
  filter: ProfileFilter,
  page: { readonly after: ListPlace | null; readonly limit: number },
): Promise<ListPage> {
  const part = await partForIndex(pool, filter, page.after);
  return byIndexes(pool, db =>
    readPage({ db, filter, part, limit: page.limit, rows: [], examined: 0 }, page.after),
  );
}

/** By what the index of handles is asked; null when it is not. A list that began by it, or by walking, goes on so. */
async function partForIndex(
  pool: Pool,
  { search }: ProfileFilter,
  after: ListPlace | null,
): Promise<string | null> {
  const walks = after?.match === 'inside' && after.source !== 'inside';
  if (!search?.anywhere || walks) return null;
  const rare = rarePartOf(search.text, await sampleHandles(pool));
  return rare ?? (after?.source === 'inside' ? (partsOf(search.text)[0] ?? null) : null);
}

interface Reader {
  readonly db: Queryable;
  readonly filter: ProfileFilter;
  readonly limit: number;
  /** The part of the searched text by which the index of handles is asked. */
  readonly part: string | null;
  readonly rows: ListedRow[];
  examined: number;
}

type ListedRow = ProfileRow & { readonly at: string };

async function readPage(reader: Reader, after: ListPlace | null): Promise<ListPage> {
  const { db, filter, part, rows, limit } = reader;
  const sizes = filter.statuses || filter.search ? await readSizes(db, filter) : null;
  const route = after?.route ?? chooseRoute(filter, sizes);
  const strays = sizes === null || sizes.strays > 0 || after?.source === 'silent';
  const { first, inside } = stepsOf(filter, route, strays);
  let end = await readSteps(reader, stepsFrom(first, after));
  if (end === null && inside !== null) {
    if (part !== null) await db.query('SET LOCAL enable_bitmapscan = on');
    end = await readSteps(reader, stepsFrom(part === null ? inside.byWalk : inside.byIndex, after));
  }
  return { rows: rows.slice(0, limit), next: end && { route, ...end } };
}

type Started = readonly [step: Step, after: After | null];

/** The steps that are left after a place; those of another part of the list are either all done or all to do. */
function stepsFrom(steps: readonly Step[], after: ListPlace | null): Started[] {
  const at = steps.findIndex(step => step.source === after?.source && step.match === after.match);
  if (at >= 0) return steps.slice(at).map((step, index) => [step, index === 0 ? after : null]);
  const isBehind = after?.match === 'inside' && !steps.some(step => step.match === 'inside');
  return isBehind ? [] : steps.map(step => [step, null]);
}

/** Reads until the page is full or enough was looked at, and answers where it ended; null when nothing is left. */
async function readSteps(
  reader: Reader,
  steps: readonly Started[],
): Promise<Omit<ListPlace, 'route'> | null> {
  const { limit, rows } = reader;
  for (const [step, after] of steps) {
    const most = step.match !== 'any' && offersHandles(step.source) ? mostHandlesExamined : mostExamined;
    const range = { after, examine: Math.max(leastExamined, most - reader.examined) };
    const place = { match: step.match, source: step.source };
    rows.push(...(await readRows(reader, step, { ...range, limit: limit + 1 - rows.length })));
    const last = rows[limit - 1];
    if (rows.length > limit && last) return { ...place, at: last.at, id: last.profile_id };
    const edge = await readEdge(reader, step, range);
    if (edge.examined >= range.examine) return { ...place, at: edge.at, id: edge.id };
    reader.examined += edge.examined;
  }
  return null;
}

interface Range {
  readonly after: After | null;
  readonly examine: number;
}

async function readRows(
  { db, filter, part }: Reader,
  step: Step,
  range: Range & { readonly limit: number },
): Promise<ListedRow[]> {
  const values: unknown[] = [];
  const place = placesIn(values);
  const { before, from, order, at } = candidatesOf(step.source, wantedOf(filter, step, part), range, place);
  const conditions = conditionsOf(filter, step, place);
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
  const text = `${before} SELECT ${profileColumns}, ${at} AS at FROM ${from} ${where} ORDER BY ${order} LIMIT ${place(range.limit)}`;
  return (await db.query<ListedRow>(prepared(text, values))).rows;
}

/** How many candidates there were to look at, and the last of them. Asked only when a page did not fill. */
async function readEdge(
  { db, filter, part }: Reader,
  step: Step,
  range: Range,
): Promise<After & { readonly examined: number }> {
  const values: unknown[] = [];
  const { before, keys, backward } = candidatesOf(
    step.source,
    wantedOf(filter, step, part),
    range,
    placesIn(values),
  );
  const text = `${before} SELECT at, profile_id AS id, (count(*) OVER ())::integer AS examined FROM ${keys} ORDER BY ${backward} LIMIT 1`;
  const { rows } = await db.query<After & { readonly examined: number }>(prepared(text, values));
  return rows[0] ?? { at: '', id: '0', examined: 0 };
}

function wantedOf({ groupId, search }: ProfileFilter, step: Step, part: string | null): Wanted {
  const text = step.source === 'inside' ? (part ?? undefined) : search?.text;
  return { statuses: step.statuses, groupId, text };
}

/** What the source does not promise is asked of each candidate; of its profile first, which spares looking at the rest. */
function conditionsOf({ groupId, search }: ProfileFilter, step: Step, place: Place): string[] {
  const conditions: string[] = [];
  if (groupId !== undefined && step.source !== 'group') conditions.push(`p.group_id = ${place(groupId)}`);
  if (search && step.match === 'inside') {
    conditions.push(`lower(p.handle) LIKE ${place(insidePattern(search.text))}`);
    conditions.push(`lower(p.handle) NOT LIKE ${place(prefixPattern(search.text))}`);
  }
  if (search && step.match === 'prefix')
    conditions.push(`lower(p.handle) LIKE ${place(prefixPattern(search.text))}`);
  if (step.statuses) conditions.push(`${statusSql} = ANY (${place(step.statuses)}::text[])`);
  if (step.decided) conditions.push(decidedSql);
  return conditions;
}

const decidedSql = `(${statusSql} = 'inactive' OR (SELECT ${undecidedSql} FROM (SELECT s.*) u) IS NOT TRUE)`;
