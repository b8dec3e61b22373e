import { hash } from 'node:crypto';
import type { LastPost, Observation } from '@app/policy/observation';
import type { Account } from '@app/simulator/source';
import { SNOWFLAKE_EPOCH } from '@app/x-api/snowflake';

/** What the X API's client makes of the simulator's answer about an account. A test holds the two together. */
export function observe(account: Account | null): Observation {
  if (account === null || account.state === 'not_found') return { kind: 'not_found' };
  if (account.state === 'suspended') return { kind: 'suspended' };
  return {
    kind: 'seen',
    id: account.id,
    handle: account.handle,
    name: account.name,
    createdAt: account.createdAt,
    protected: account.state === 'protected',
    lastPost: lastPostOf(account),
    postCount: account.postCount,
    likeCount: account.likeCount,
    followingCount: account.followingCount,
    profileHash: profileHashOf(account),
  };
}

function lastPostOf({ state, lastPostId: id, postCount }: Account): LastPost {
  if (state === 'protected' || id === null) return { kind: postCount === 0 ? 'none' : 'missing' };
  return { kind: 'at', id, at: Number(BigInt(id) >> 22n) + SNOWFLAKE_EPOCH };
}

/**
 * As x-api's profileHash, in 0.5 instead of 2.3 µs because the signs are known: a simulated account shows a name, a
 * description and a picture, all of plain letters.
 */
function profileHashOf({ id, name, description }: Account): string {
  const picture = `https://pbs.twimg.com/profile_images/${id}/normal.png`;
  const digest = hash('sha256', `["${name}","${description}",null,null,null,"${picture}",null,null]`, 'hex');
  return String(Number.parseInt(digest.slice(0, 8), 16) | 0);
}
