import { z } from 'zod';
import { grace, threshold } from './duration.ts';
import { groupName } from './group.ts';
import { bases } from './profile.ts';
import {
  type ParsedReference,
  parseAddress,
  parseHandle,
  parseId,
  parseReference,
} from './profile-reference.ts';
import { type Reference, userId } from './reference.ts';

/** Up to this many in one request; more go by CSV import. */
export const mostProfilesInARequest = 10_000;

/** A text parsed into a reference; what is wrong with it becomes the issue. */
function reference(parse: (value: string) => ParsedReference) {
  return z.string('must be a text').transform((value, context) => take(parse(value), context));
}

/** A JSON number is exact only up to 2^53 - 1; larger ids come as strings. */
const numericId = z
  .union([z.string(), z.number()], 'must be a numeric X user id, as a string of digits')
  .transform((value, context) => {
    const exact = typeof value === 'string' || Number.isSafeInteger(value);
    const problem = 'must be a string of digits: JSON numbers this large lose digits';
    return take(exact ? parseId(String(value)) : { problem }, context);
  });

function take(parsed: ParsedReference, context: z.RefinementCtx): Reference {
  if ('reference' in parsed) return parsed.reference;
  context.addIssue({ code: 'custom', message: parsed.problem });
  return z.NEVER;
}

/** One profile to watch, named in exactly one way. */
export const profileInput = z
  .strictObject({
    id: numericId.optional(),
    handle: reference(parseHandle).optional(),
    url: reference(parseAddress).optional(),
    profile: reference(parseReference).optional(),
    group: groupName.optional(),
    threshold: threshold.optional(),
    grace: grace.optional(),
    basis: z.enum(bases, `must be one of ${bases.join(', ')}`).default('unstated'),
  })
  .transform(({ id, handle, url, profile, ...rest }, context) => {
    const [only, ...more] = [id, handle, url, profile].filter(way => way !== undefined);
    if (only !== undefined && more.length === 0) return { ...rest, reference: only };
    context.addIssue({
      code: 'custom',
      message: 'must name the profile by exactly one of id, handle, url, profile',
    });
    return z.NEVER;
  });
export type ProfileInput = z.infer<typeof profileInput>;

export const profileInputs = z
  .array(profileInput)
  .min(1, 'must hold at least one profile')
  .max(
    mostProfilesInARequest,
    `must hold at most ${mostProfilesInARequest} profiles: use /api/v1/profiles/import for more`,
  );

const added = z.object({
  /** Its place in the request. */
  index: z.int().nonnegative(),
  /** `12` or `@jack`, as it stands in paths. */
  reference: z.string(),
  id: userId.nullable(),
});

/** What became of a list of profiles. What was watched already is left as it is. */
export const addedProfiles = z.object({ created: z.array(added), duplicates: z.array(added) });
export type AddedProfiles = z.infer<typeof addedProfiles>;
