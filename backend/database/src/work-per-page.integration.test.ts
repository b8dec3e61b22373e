import { type Status, statuses } from '@app/policy/status';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { takeCensus } from './census.ts';
import { listGroups } from './groups.ts';
import { readOverview } from './overview.ts';
import { type Client, createPool, type Pool } from './pool.ts';
import { countProfiles } from './profile-counts.ts';
import { type ListPage, type ListPlace, listProfiles } from './profile-list.ts';
import type { ProfileFilter } from './profile-steps.ts';
import { findProfileId, readProfile } from './profiles.ts';
import { addPopulation } from './test/population.ts';
import { cloneDatabase, type TestDatabase } from './test/test-database.ts';

/*
 * What each request reads, as the database itself counts it: over so many profiles that reading all of them shows.
 */

const profiles = 50_000;
/** No request looks at more rows of one table. */
const mostRows = 12_000;

let database: TestDatabase;
let pool: Pool;
let plans: Plan[] = [];

beforeAll(async () => {
  database = await cloneDatabase();
  pool = createPool({ url: database.url, name: 'test', onError: () => undefined });
  await addPopulation(pool, profiles, 4);
  await pool.query(`UPDATE profiles SET handle = 'rare' || profile_id WHERE profile_id % 10000 = 7`);
  await takeCensus(pool, new AbortController().signal);
  explainAll(pool);
}, 120_000);

afterAll(async () => {
  await pool.end();
  await database.drop();
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: Plan[];
}

/** Has every SELECT explain itself before it is run, under the settings that hold for it. */
function explainAll(of: Pool): void {
  const explained =
    (run: Client['query']) =>
    async (query: string | { text: string; values?: unknown[] }, values?: unknown[]) => {
      const text = typeof query === 'string' ? query : query.text;
      const given = typeof query === 'string' ? values : query.values;
      if (/^\s*(SELECT|WITH)/.test(text)) {
        const { rows } = await run(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, given);
        plans.push(rows[0]['QUERY PLAN'][0].Plan);
      }
      return run(query as string, values);
    };
  const [connect, query] = [of.connect.bind(of), of.query.bind(of)];
  Object.assign(of, {
    query: explained(query as unknown as Client['query']),
    connect: async (...callback: []) => {
      // The pool itself, for a query of its own.
      if (callback.length > 0) return connect(...callback);
      const client = await connect();
      return Object.assign(Object.create(client), {
        query: explained(client.query.bind(client)),
        release: client.release.bind(client),
      });
    },
  });
}

function nodes(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)];
}

/** How many rows a request read, by table; all partitions of the schedule are one. */
async function rowsRead(request: () => Promise<unknown>): Promise<Map<string, number>> {
  plans = [];
  await request();
  expect(plans.length).toBeGreaterThan(0);
  const read = new Map<string, number>();
  for (const node of plans.flatMap(nodes)) {
    const table = node['Relation Name']?.replace(/_\d\d$/, '');
    if (table === undefined) continue;
    expect(`${node['Node Type']} on ${table}`).not.toMatch(/Seq Scan on (profiles|schedule)/);
    const rows = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
    read.set(table, (read.get(table) ?? 0) + rows);
  }
  return read;
}

async function expectLittleWork(request: () => Promise<unknown>, most = mostRows): Promise<void> {
  const read = await rowsRead(request);
  for (const table of ['profiles', 'schedule']) {
    expect(read.get(table) ?? 0, table).toBeLessThanOrEqual(most);
  }
}

const from = (place: Partial<ListPlace>): ListPlace => ({
  route: 'all',
  match: 'any',
  source: 'all',
  at: '',
  id: '40000',
  ...place,
});

describe('a page of profiles reads no table through', () => {
  const searches = ['a', 'ab', 'abc', 'rare', 'are7', '_ab', 'b_c', 'zzz', '7'].flatMap(text => [
    { text, anywhere: true },
    { text, anywhere: false },
  ]);
  const someStatuses: (Status[] | undefined)[] = [
    undefined,
    ...statuses.map(status => [status]),
    ['late', 'unknown'],
    ['active', 'paused'],
    statuses.filter(status => status !== 'active'),
  ];
  const filters: ProfileFilter[] = [undefined, 1, 2].flatMap(groupId =>
    someStatuses.flatMap(wanted => [
      { groupId, statuses: wanted },
      ...searches.map(search => ({ groupId, statuses: wanted, search })),
    ]),
  );

  test.each(filters.filter(({ search }) => !search).map(filter => [JSON.stringify(filter), filter] as const))(
    '%s',
    async (_name, filter) => {
      await expectLittleWork(() => listProfiles(pool, filter, { after: null, limit: 100 }));
    },
  );

  test('for any search with any other filter', async () => {
    for (const filter of filters.filter(({ search }) => search)) {
      await expectLittleWork(() => listProfiles(pool, filter, { after: null, limit: 100 }), 2 * mostRows);
    }
  }, 120_000);

  test('from any place on', async () => {
    const places: [ProfileFilter, Partial<ListPlace>][] = [
      [{}, {}],
      [{ groupId: 1 }, { route: 'group', source: 'group' }],
      [{ statuses: ['inactive'] }, { route: 'status', source: 'silent' }],
      [{ statuses: ['late'] }, { route: 'status', source: 'undecided' }],
      [{ statuses: ['suspended'] }, { route: 'status', source: 'suspended' }],
      [{ statuses: ['paused'] }, { route: 'status', source: 'paused' }],
      [{ search: { text: 'b', anywhere: false } }, { source: 'prefix', at: 'ba' }],
      [{ search: { text: 'rare', anywhere: true } }, { source: 'inside', match: 'inside' }],
    ];
    for (const [filter, place] of places) {
      await expectLittleWork(() => listProfiles(pool, filter, { after: from(place), limit: 100 }), 6_000);
    }
  });
});

test('a page ends early where nearly nothing belongs in it, and the pages after it find the rest', async () => {
  await pool.query(`UPDATE profiles SET handle = 'x0rare', group_id = 1 WHERE profile_id IN (20000, 49999)`);
  const filter: ProfileFilter = { groupId: 1, search: { text: '0rare', anywhere: true } };
  let after: ListPlace | null = from({ route: 'group', source: 'group', match: 'inside', id: '0' });
  const found: string[][] = [];
  do {
    const page: ListPage = await listProfiles(pool, filter, { after, limit: 100 });
    found.push(page.rows.map(row => row.profile_id));
    after = page.next;
  } while (after !== null && found.length < 20);
  expect(found.flat()).toEqual(['20000', '49999']);
  expect(found.some(page => page.length === 0)).toBe(true);
  expect(found.length).toBeLessThan(8);
});

test('counts, the overview and the groups read no table through', async () => {
  await expectLittleWork(() => readOverview(pool), 5 * mostRows);
  await expectLittleWork(() => countProfiles(pool, {}), 5 * mostRows);
  await expectLittleWork(() => countProfiles(pool, { statuses: ['late'], groupId: 2 }), 5 * mostRows);
  await expectLittleWork(() => listGroups(pool, { after: null, limit: 100 }), 3 * mostRows);
});

test('one profile is found by its id and by its handle with a few look-ups', async () => {
  const { rows } = await pool.query<{ handle: string }>(
    'SELECT handle FROM profiles WHERE profile_id = 12345',
  );
  const handle = rows[0]?.handle ?? '';
  await expectLittleWork(async () => expect(await findProfileId(pool, { handle })).toBe('12345'), 10);
  await expectLittleWork(() => readProfile(pool, '12345'), 10);
});
