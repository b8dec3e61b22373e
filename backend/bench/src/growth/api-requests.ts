import { handleOf } from '@app/simulator/handles';

export type ApiQuestion = 'list' | 'search_prefix' | 'search_contains' | 'overview' | 'profile';

const pageSize = 100;
/** So much of a handle's end is left out, for a beginning that some 36 share. */
const leftOut = 1;

export interface Questions {
  /** Asks one, of a profile or place at random. Anything but a 200 throws. */
  ask(question: ApiQuestion): Promise<unknown>;
}

/** The API at `url`, over the simulated profiles 1 to `profiles`. */
export async function openQuestions(url: string, profiles: number): Promise<Questions> {
  const firstPage = `${url}/api/v1/profiles?limit=${pageSize}`;
  const { next_cursor: cursor } = (await get(firstPage)) as { next_cursor: string };
  const anyId = () => 1 + Math.floor(Math.random() * profiles);
  const handle = () => handleOf(String(anyId()));
  const search = (text: string) =>
    get(`${url}/api/v1/profiles?limit=${pageSize}&q=${encodeURIComponent(text)}`);
  const questions: Record<ApiQuestion, () => Promise<unknown>> = {
    list: () => get(`${firstPage}&cursor=${movedTo(cursor, anyId())}`),
    search_prefix: () => search(`@${handle().slice(0, -leftOut)}`),
    search_contains: () => search(handle().slice('sim'.length)),
    overview: () => get(`${url}/api/v1/overview`),
    profile: () => {
      const id = anyId();
      const profile = `${url}/api/v1/profiles/${id}`;
      return Promise.all([profile, `${profile}/activities`, `${url}/api/v1/alerts?profile=${id}`].map(get));
    },
  };
  return { ask: question => questions[question]() };
}

/** A cursor of the list by id ends with the id: this is the one that a page before another place would have given. */
function movedTo(cursor: string, id: number): string {
  const parts = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as string[];
  return Buffer.from(JSON.stringify([...parts.slice(0, -1), String(id)])).toString('base64url');
}

async function get(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
  const body = await response.json();
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${JSON.stringify(body)}`);
  return body;
}
