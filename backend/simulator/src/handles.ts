const BASE = 36;

/** The handle with which a profile starts: at most 3 + 8 characters up to an id of 36^8, about 2.8 × 10^12. */
export const handleOf = (id: string): string => `sim${Number(id).toString(BASE)}`;

/** The handle after a rename. */
export const renamedHandleOf = (id: string): string => `new${Number(id).toString(BASE)}`;

/** Whose handle it is or was, and under which of both names; `null` for any other. */
export const parseHandle = (handle: string): { readonly id: number; readonly renamed: boolean } | null => {
  const [, prefix, digits] = /^(sim|new)([1-9a-z][0-9a-z]{0,9})$/.exec(handle.toLowerCase()) ?? [];
  if (digits === undefined) return null;
  const id = Number.parseInt(digits, BASE);
  return Number.isSafeInteger(id) ? { id, renamed: prefix === 'new' } : null;
};

const FIRST =
  'Amber Birch Cobalt Dusty Ember Fern Golden Hazel Indigo Jade Linen Maple North Opal Quiet River';
const SECOND =
  'Badger Crane Dolphin Egret Falcon Gecko Heron Ibis Jackal Kestrel Lynx Marten Newt Otter Puffin Quail';

const pick = (words: string, at: number): string => {
  const list = words.split(' ');
  return list[Math.floor(at * list.length)] ?? '';
};

/** A display name, from two numbers between 0 and 1. */
export const nameOf = (first: number, second: number): string =>
  `${pick(FIRST, first)} ${pick(SECOND, second)}`;
