import type { Pool, Queryable } from './pool.ts';

/** Finding this many by the index takes some 30 ms. */
const mostFound = 10_000;
/** A longer part costs more than it saves: each further trigram is looked up for every row that the rarest one leads to. */
const partLength = 5;
const mostParts = 4;

/** Some of all handles, in lower case, and about how many profiles there are. */
export interface HandleSample {
  readonly handles: readonly string[];
  readonly profiles: number;
}

/**
 * The part of the text by which the index finds all handles that hold the text; null when none is rare. What many handles hold
 * would be read there by the million, and is found soon enough by walking. Pure.
 */
export function rarePartOf(text: string, { handles, profiles }: HandleSample): string | null {
  const most = (mostFound / Math.max(1, profiles)) * handles.length;
  let rarest: { part: string | null; found: number } = { part: null, found: Number.POSITIVE_INFINITY };
  for (const part of partsOf(text)) {
    const found = handles.reduce((sum, handle) => (handle.includes(part) ? sum + 1 : sum), 0);
    if (found < rarest.found) rarest = { part, found };
  }
  return rarest.found <= most ? rarest.part : null;
}

/**
 * Parts of the text that the index knows: pg_trgm sees `_` as an end of a word, and words by three letters. The last ones come
 * first, since handles differ more at their ends.
 */
export function partsOf(text: string): string[] {
  const words = text.split('_').filter(word => word.length >= 3);
  const parts = words.flatMap(word =>
    Array.from({ length: Math.max(1, word.length - partLength + 1) }, (_, i) =>
      word.slice(i, i + partLength),
    ),
  );
  const all = [...new Set(parts)].reverse();
  const step = Math.max(1, (all.length - 1) / (mostParts - 1));
  return [...new Set(Array.from({ length: mostParts }, (_, i) => all[Math.round(i * step)]))].filter(
    part => part !== undefined,
  );
}

/**
 * So many handles, each from a page of its own if there are that many: handles that were added together are alike and stand
 * together, and would speak for more than they are. Taken once a minute, in some 60 ms.
 */
const sampled = 8_000;
/** A page holds 97 profiles with names of ten letters. */
const mostOnPage = 100;
const sampleAgeMs = 60_000;

interface Kept {
  readonly sample: Promise<HandleSample>;
  readonly takenAt: number;
}

const samples = new WeakMap<Pool, Kept>();

/**
 * A sample that is a minute old at most, but for the search that finds it older: that one has the next one taken, and goes on with
 * what there is. A misjudged share costs time, never a row.
 */
export async function sampleHandles(pool: Pool): Promise<HandleSample> {
  const kept = samples.get(pool);
  if (kept !== undefined && performance.now() - kept.takenAt < sampleAgeMs) return kept.sample;
  const next = { sample: takeSample(pool), takenAt: performance.now() };
  samples.set(pool, next);
  const forget = () => samples.get(pool) === next && samples.delete(pool);
  next.sample.catch(forget);
  return kept === undefined ? next.sample : kept.sample;
}

async function takeSample(pool: Pool): Promise<HandleSample> {
  const { rows } = await pool.query<{ handles: string[] | null; pages: number }>(
    `SELECT array_agg(sample.handle) AS handles, min(pages.count)::float8 AS pages
       FROM (SELECT pg_relation_size('profiles') / current_setting('block_size')::bigint AS count) pages
       LEFT JOIN LATERAL (
         SELECT floor(random() * pages.count)::bigint AS page, ${sampled} / least(pages.count, ${sampled}) AS rows
           FROM generate_series(1, least(pages.count, ${sampled})) OFFSET 0) chosen ON true
       LEFT JOIN LATERAL (
         SELECT lower(handle) AS handle FROM profiles
          WHERE ctid >= format('(%s,1)', page)::tid AND ctid <= format('(%s,%s)', page, least(rows, ${mostOnPage}))::tid
         OFFSET 0) sample ON true
      WHERE sample.handle IS NOT NULL`,
  );
  const { handles, pages } = rows[0] ?? { handles: null, pages: 0 };
  return { handles: handles ?? [], profiles: (pages ?? 0) * mostOnPage };
}

/** Sorts new handles into the index at once, instead of when 2 MB of them have gathered. */
export async function sortInNewHandles(db: Queryable): Promise<void> {
  await db.query(
    `SELECT gin_clean_pending_list(i) FROM to_regclass('profiles_inside_handle') i WHERE i IS NOT NULL`,
  );
}
