import type { LookUp, XApi } from '@app/x-api/client';

/** A profile that X is asked about, with what the bill needs to know of it. */
export interface Asked {
  /** Negative while only the handle is known. */
  readonly profileId: string;
  readonly handle: string | null;
  readonly groupId: number;
  readonly checkedAt: number | null;
}

/** One call to X for up to 100 profiles; an observation for each, in their order. */
export type Ask = (asked: readonly Asked[]) => Promise<LookUp>;

/** By handle while the ids are not known, by id ever after; a batch is all of one kind. */
export function askX(xApi: Pick<XApi, 'lookUpByIds' | 'lookUpByHandles'>): Ask {
  return asked =>
    asked.every(isUnresolved)
      ? xApi.lookUpByHandles(asked.map(one => one.handle ?? ''))
      : xApi.lookUpByIds(asked.map(one => one.profileId));
}

export function isUnresolved({ profileId }: { readonly profileId: string }): boolean {
  return profileId.startsWith('-');
}
