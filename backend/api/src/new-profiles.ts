import type { AddedProfiles } from '@app/contract/profile-input';
import { type ProfileInput, profileInput, profileInputs } from '@app/contract/profile-input';
import { formatReference } from '@app/contract/profile-reference';
import { type AddedProfile, addProfiles, type NewProfile } from '@app/database/new-profiles';
import { readProfile } from '@app/database/profiles';
import type { Answer, Api, Handler } from './answer.ts';
import { parseBody, readJson } from './parse.ts';
import { presentId, presentProfile, presentReference } from './present.ts';
import { ProblemError, wrongValues } from './problem.ts';

/** Up to this many are being waited for by somebody; more are a load to be spread. */
const smallAdd = 100;

/** One profile as an object, or a list of them: all are taken, or none. */
export const createProfiles: Handler = async (api, request, response) => {
  const body = await readJson(request, response);
  if (!Array.isArray(body)) return createOne(api, parseBody(profileInput, body));
  return createMany(api, parseBody(profileInputs, body));
};

async function createOne(api: Api, input: ProfileInput): Promise<Answer> {
  const [added] = await add(api, [input], () => '/group');
  const row = added && (await readProfile(api.pool, added.profile_id));
  if (!added || !row) throw new ProblemError('conflict', 'the profile was deleted at the same time');
  const path = `/api/v1/profiles/${presentReference(row.profile_id, row.handle)}`;
  if (!added.created)
    throw new ProblemError('conflict', 'this profile is watched already', { existing: path });
  return { status: 201, body: presentProfile(row), headers: { location: path } };
}

async function createMany(api: Api, inputs: ProfileInput[]): Promise<Answer> {
  const added = await add(api, inputs, line => `/${line}/group`);
  const presented = added.map(profile => presentAdded(profile, inputs));
  const body: AddedProfiles = {
    created: presented.filter((_, index) => added[index]?.created),
    duplicates: presented.filter((_, index) => !added[index]?.created),
  };
  return { status: body.created.length > 0 ? 201 : 200, body };
}

async function add(
  api: Api,
  inputs: ProfileInput[],
  pointer: (line: number) => string,
): Promise<AddedProfile[]> {
  const lane = inputs.length <= smallAdd ? 'checks.manual' : 'checks.fresh';
  const result = await addProfiles(api.pool, inputs.map(newProfile), lane);
  if (result.outcome === 'added') return result.profiles;
  const detail = 'no group has this name';
  throw wrongValues(
    'invalid-request',
    result.lines.map(line => ({ pointer: pointer(line), detail })),
  );
}

function newProfile(input: ProfileInput, line: number): NewProfile {
  const { reference } = input;
  return {
    line,
    id: 'id' in reference ? reference.id : null,
    handle: 'handle' in reference ? reference.handle : null,
    group: input.group ?? null,
    threshold: input.threshold ?? null,
    grace: input.grace ?? null,
    basis: input.basis,
  };
}

function presentAdded(profile: AddedProfile, inputs: ProfileInput[]): AddedProfiles['created'][number] {
  const reference = inputs[profile.line]?.reference;
  return {
    index: profile.line,
    reference: reference ? formatReference(reference) : '',
    id: presentId(profile.profile_id),
  };
}
