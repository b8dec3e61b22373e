import { handle, userId } from '@app/contract/reference';

/** The most that one call to X takes; 101 make it fail for all. */
export const LARGEST_BATCH = 100;

/** How a list is named in the request, how its items are checked, and how X's answers are matched to them. */
export type AskedBy = 'ids' | 'usernames';

/** A list to look up: what is sent, once each, and which place of the list asked for it. */
export interface Asked {
  readonly by: AskedBy;
  /** One per asked place, in order: the key under which the answer is found, or `null` if the item is invalid. */
  readonly places: readonly (string | null)[];
  /** The items to send, by key. */
  readonly sent: ReadonlyMap<string, string>;
}

const keyOf: Readonly<Record<AskedBy, (item: string) => string>> = {
  ids: id => id,
  // X answers with the handle's own capitals, whatever capitals were asked.
  usernames: name => name.toLowerCase(),
};

/** Digits first: the upper bound of the contract is a BigInt, which throws for anything else. */
export const isUserId = (id: string): boolean => /^[0-9]{1,19}$/.test(id) && userId.safeParse(id).success;

const isValid: Readonly<Record<AskedBy, (item: string) => boolean>> = {
  ids: isUserId,
  usernames: name => handle.safeParse(name).success,
};

/** One malformed item makes X refuse all 100, so each is checked before it is sent. */
export const ask = (by: AskedBy, items: readonly string[]): Asked => {
  if (items.length > LARGEST_BATCH) throw new RangeError(`${items.length} items: X takes ${LARGEST_BATCH}`);
  const places = items.map(item => (isValid[by](item) ? keyOf[by](item) : null));
  const sent = new Map<string, string>();
  items.forEach((item, place) => {
    const key = places[place];
    if (key && !sent.has(key)) sent.set(key, item);
  });
  return { by, places, sent };
};

/** The key of a name that X used in its answer, if that item was asked. */
export const askedKey = (asked: Asked, name: unknown): string | undefined => {
  if (typeof name !== 'string') return undefined;
  const key = keyOf[asked.by](name);
  return asked.sent.has(key) ? key : undefined;
};
