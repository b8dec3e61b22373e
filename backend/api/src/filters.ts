import { findGroupId } from '@app/database/groups';
import { findProfileId } from '@app/database/profiles';
import type { Api } from './answer.ts';
import { parseProfileKey } from './parse.ts';
import { wrongParameter } from './problem.ts';

/** A group that does not exist is a mistake to be told, not an empty list. */
export async function groupFilter(api: Api, name: string | undefined): Promise<number | undefined> {
  if (name === undefined) return undefined;
  const id = name.includes('\0') ? null : await findGroupId(api.pool, name);
  if (id === null) throw wrongParameter('group', 'no group has this name');
  return id;
}

export async function profileFilter(api: Api, text: string | undefined): Promise<string | undefined> {
  if (text === undefined) return undefined;
  const id = await findProfileId(api.pool, parseProfileKey('profile', text));
  if (id === null) throw wrongParameter('profile', 'this profile is not watched');
  return id;
}
