/** Milliseconds since 1970, on the wall clock of whoever asks. */
export type WallTime = number;

export type AccountState = 'ok' | 'suspended' | 'protected' | 'not_found';

/** Everything an account shows at one moment. */
export interface Account {
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly createdAt: WallTime;
  readonly state: AccountState;
  /** `null`: it has never posted. */
  readonly lastPostId: string | null;
  readonly postCount: number;
  readonly likeCount: number;
  readonly followingCount: number;
  readonly followersCount: number;
  readonly listedCount: number;
  readonly mediaCount: number;
  readonly description: string;
  readonly location: string;
}

/** Who exists and what they did until `now`. Pure in its arguments: asking twice gives the same. */
export interface ActivitySource {
  /** The account of an id; `null` if there never was one. */
  account(id: string, now: WallTime): Account | null;
  /** Who carries a handle (in any capitals) at that time. */
  idOf(handle: string, now: WallTime): string | null;
}
