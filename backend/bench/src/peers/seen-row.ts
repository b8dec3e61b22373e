import type { Milliseconds, Observation, Seen } from '@app/policy/observation';

/** What a peer writes of one look: the columns that our own consumer writes, without the policy behind them. */
export interface SeenRow {
  readonly profileId: string;
  readonly accountState: 'ok' | 'protected' | 'suspended' | 'not_found';
  /** null, here and below: the look does not say; what is stored stays. */
  readonly lastActivityAt: Milliseconds | null;
  readonly post: { readonly id: string; readonly at: Milliseconds } | null;
  readonly postCount: number | null;
  readonly likeCount: number | null;
  readonly followingCount: number | null;
  readonly profileHash: string | null;
}

/** Throws when the look brought no evidence: the job has failed, and the peer's own retries are for that. */
export function seenRow(profileId: string, observation: Observation): SeenRow {
  if (observation.kind === 'unknown') throw new Error(`no evidence: ${observation.reason}`);
  if (observation.kind !== 'seen') return { ...nothing, profileId, accountState: observation.kind };
  if (observation.protected) return { ...nothing, profileId, accountState: 'protected' };
  if (observation.lastPost.kind === 'missing') throw new Error('no evidence: the last post is missing');
  return {
    profileId,
    accountState: 'ok',
    ...activityOf(observation),
    postCount: observation.postCount,
    likeCount: observation.likeCount,
    followingCount: observation.followingCount,
    profileHash: observation.profileHash,
  };
}

const nothing = {
  lastActivityAt: null,
  post: null,
  postCount: null,
  likeCount: null,
  followingCount: null,
  profileHash: null,
};

function activityOf({ lastPost, createdAt }: Seen): Pick<SeenRow, 'lastActivityAt' | 'post'> {
  if (lastPost.kind !== 'at') return { lastActivityAt: createdAt, post: null };
  return { lastActivityAt: lastPost.at, post: { id: lastPost.id, at: lastPost.at } };
}
