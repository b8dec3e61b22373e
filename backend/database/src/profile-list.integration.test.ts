import { type Status, statuses } from '@app/policy/status';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { takeCensus } from './census.ts';
import { createPool, type Pool } from './pool.ts';
import { type ListPlace, listProfiles } from './profile-list.ts';
import type { ProfileFilter } from './profile-steps.ts';
import { statusSql } from './status-sql.ts';
import { addPopulation, random } from './test/population.ts';
import { cloneDatabase, type TestDatabase } from './test/test-database.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
  await addPopulation(pool, 3_000, 20_261_123);
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

interface Listed {
  readonly ids: string[];
  readonly handles: string[];
  readonly pages: number;
}

/** All pages of a list. */
async function listed(filter: ProfileFilter, limit: number): Promise<Listed> {
  const rows = [];
  let pages = 0;
  let after: ListPlace | null = null;
  do {
    const page = await listProfiles(pool, filter, { after, limit });
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    rows.push(...page.rows);
    after = page.next;
    pages++;
  } while (after !== null);
  return { ids: rows.map(row => row.profile_id), handles: rows.map(row => row.handle ?? ''), pages };
}

/** What the list should hold, by looking at every profile. */
async function expected({ statuses: wanted, groupId, search }: ProfileFilter): Promise<string[]> {
  const { rows } = await pool.query<{ profile_id: string; handle: string }>(
    `SELECT profile_id, lower(p.handle) AS handle
       FROM profiles p JOIN groups g USING (group_id) JOIN schedule s USING (profile_id)
      WHERE ($1::text[] IS NULL OR ${statusSql} = ANY ($1)) AND ($2::integer IS NULL OR group_id = $2)`,
    [wanted, groupId],
  );
  const isFound = (handle: string) =>
    !search ||
    handle.startsWith(search.text) ||
    (search.anywhere && search.text.length >= 3 && handle.includes(search.text));
  return rows.filter(row => isFound(row.handle)).map(row => row.profile_id);
}

const numeric = (a: string, b: string) => Number(a) - Number(b);

function filters(count: number, seed: number): ProfileFilter[] {
  const next = random(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T;
  const texts = ['a', 'b_', 'abc', '_a', 'xy1', 'c_x', '_', 'ya', '__b', 'zzz', '2', 'abca', '1r'];
  return Array.from({ length: count }, () => ({
    statuses: next() < 0.7 ? statuses.filter(() => next() < pick([0.15, 0.5, 0.9])) : undefined,
    groupId: next() < 0.4 ? pick([1, 2, 3, 4]) : undefined,
    search: next() < 0.5 ? { text: pick(texts), anywhere: next() < 0.8 } : undefined,
  }));
}

async function everyListIsWhole(seed: number): Promise<void> {
  const found = new Set<Status>();
  for (const filter of filters(80, seed)) {
    const { ids } = await listed(filter, 97);
    expect([...ids].sort(numeric), JSON.stringify(filter)).toEqual((await expected(filter)).sort(numeric));
    if (ids.length > 0) for (const status of filter.statuses ?? statuses) found.add(status);
  }
  expect(found.size).toBe(statuses.length);
}

describe('whatever is asked for, the pages hold each profile that belongs in the list once, and no other', () => {
  test('before the first census', () => everyListIsWhole(1));

  test('after it, when each list is read by what has the fewest rows', async () => {
    expect(await takeCensus(pool, new AbortController().signal)).toMatchObject({ profiles: 3_000 });
    await everyListIsWhole(2);
  });
});

test('without a filter the order is that of the ids', async () => {
  const { ids, pages } = await listed({}, 100);
  expect(ids).toEqual(Array.from({ length: 3_000 }, (_, i) => String(i + 1)));
  expect(pages).toBe(30);
});

test('of a group too, across blocks of neighbouring ids and both kinds of X ids', async () => {
  const ids = [
    '-3',
    '-2',
    '63',
    '64',
    '16777215',
    '16777216',
    '17179869183',
    '17179869184',
    '1790000000000000000',
  ];
  await pool.query(
    `INSERT INTO groups (group_id, name, threshold_s, grace_s, freshness_s) VALUES (9, 'nine', 60, 60, 60)`,
  );
  await pool.query('UPDATE profiles SET group_id = 9 WHERE profile_id IN (63, 64)');
  await pool.query(
    `WITH made AS (INSERT INTO profiles (profile_id, handle, group_id)
                   SELECT id, 'nine' || abs(id), 9 FROM unnest($1::bigint[]) id WHERE id NOT IN (63, 64) RETURNING profile_id)
     INSERT INTO schedule (profile_id, next_check_at, lane) SELECT profile_id, now(), 'checks.fresh' FROM made`,
    [ids],
  );
  expect((await listed({ groupId: 9 }, 2)).ids).toEqual(ids);
  await pool.query(`DELETE FROM profiles WHERE handle LIKE 'nine%'`);
});

describe('a search', () => {
  test('shows handles that begin with the text first, in their order, then those that hold it further in', async () => {
    const { handles } = await listed({ search: { text: 'abc', anywhere: true } }, 10);
    const places = handles.map(handle => handle.toLowerCase().indexOf('abc'));
    const beginning = handles
      .slice(
        0,
        places.findIndex(place => place > 0),
      )
      .map(handle => handle.toLowerCase());
    expect(beginning.length).toBeGreaterThan(5);
    expect(places.slice(beginning.length).every(place => place > 0)).toBe(true);
    expect(beginning).toEqual([...beginning].sort());
  });

  test('takes _ for a letter like any other', async () => {
    const { handles } = await listed({ search: { text: 'a_b', anywhere: true } }, 10);
    expect(handles.length).toBeGreaterThan(5);
    expect(handles.every(handle => handle.toLowerCase().includes('a_b'))).toBe(true);
  });

  test('of fewer than three letters asks for beginnings only', async () => {
    const { handles } = await listed({ search: { text: 'ab', anywhere: true } }, 100);
    expect(handles.length).toBeGreaterThan(50);
    expect(handles.every(handle => /^ab/i.test(handle))).toBe(true);
  });
});
