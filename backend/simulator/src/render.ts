import type { Account } from './source.ts';
import { NAMES, type Vocabulary } from './vocabulary.ts';

/** What an answer shows of a user, and in whose words. */
export interface Rendering {
  readonly vocabulary: Vocabulary;
  readonly fields: ReadonlySet<string>;
  /** Whether the last-post id is shown; whether it was asked for is known by then. */
  readonly lastPost: boolean;
}

const metricsOf = (account: Account, vocabulary: Vocabulary): object => ({
  followers_count: account.followersCount,
  following_count: account.followingCount,
  [NAMES[vocabulary].postCount]: account.postCount,
  listed_count: account.listedCount,
  like_count: account.likeCount,
  media_count: account.mediaCount,
});

type Member = (account: Account, vocabulary: Vocabulary) => unknown;

/**
 * The fields that a simulated account has something to say about. Others that X accepts stay absent, as they do there
 * for accounts without a value.
 */
const MEMBERS: ReadonlyMap<string, Member> = new Map<string, Member>([
  ['created_at', account => new Date(account.createdAt).toISOString()],
  ['description', account => account.description],
  ['location', account => account.location || undefined],
  ['profile_image_url', account => `https://pbs.twimg.com/profile_images/${account.id}/normal.png`],
  ['protected', account => account.state === 'protected'],
  ['public_metrics', metricsOf],
  ['verified', () => false],
  ['verified_type', () => 'none'],
]);

/** A user as it stands in `data`. `id`, `name` and `username` are always there, the rest only if asked for. */
export const renderUser = (account: Account, { vocabulary, fields, lastPost }: Rendering): object => {
  const user: Record<string, unknown> = { id: account.id, name: account.name, username: account.handle };
  for (const field of fields) {
    const value = MEMBERS.get(field)?.(account, vocabulary);
    if (value !== undefined) user[field] = value;
  }
  if (lastPost && account.lastPostId !== null) user[NAMES[vocabulary].lastPost] = account.lastPostId;
  return user;
};

/** A post as it stands in `includes`, with its default fields. */
export const renderPost = (id: string, vocabulary: Vocabulary): object => {
  const { editHistory } = NAMES[vocabulary];
  return { id, text: 'A simulated post', ...(editHistory === null ? {} : { [editHistory]: [id] }) };
};
