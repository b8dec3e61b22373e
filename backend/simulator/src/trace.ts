import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';

/** Real activity, as a list of moments for each account. */
export interface Trace {
  /** Seconds since 1970, sorted; two events may share a second. */
  readonly accounts: ReadonlyMap<string, Float64Array>;
  readonly first: number;
  readonly last: number;
}

const HEADER = /^account\s*,\s*unix_seconds$/i;
const LINE = /^([^,]*[^,\s])\s*,\s*(-?[0-9]+(?:\.[0-9]+)?)$/;

/** A gzip file says so in its first two bytes, whatever it is called. */
const isGzip = async (path: string): Promise<boolean> => {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b;
  } finally {
    await file.close();
  }
};

/** The file's text in chunks. An error of the file passes through gunzip to whoever reads. */
const chunksOf = async (path: string): Promise<AsyncIterable<string>> => {
  const zipped = await isGzip(path);
  const raw = createReadStream(path);
  if (!zipped) return raw.setEncoding('utf8');
  const gunzip = createGunzip().setEncoding('utf8');
  raw.on('error', error => gunzip.destroy(error));
  return raw.pipe(gunzip);
};

async function* linesOf(chunks: AsyncIterable<string>): AsyncIterable<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest;
}

const add = (accounts: Map<string, number[]>, line: string, number: number): void => {
  const [, account, seconds] = LINE.exec(line) ?? [];
  if (account === undefined || seconds === undefined) {
    throw new Error(
      `line ${number}: expected "account,unix_seconds", found ${JSON.stringify(line.slice(0, 80))}`,
    );
  }
  const events = accounts.get(account);
  if (events) events.push(Number(seconds));
  else accounts.set(account, [Number(seconds)]);
};

const collect = async (lines: AsyncIterable<string>): Promise<Map<string, number[]>> => {
  const accounts = new Map<string, number[]>();
  let number = 0;
  for await (const raw of lines) {
    number += 1;
    const line = (number === 1 ? raw.replace(/^\uFEFF/, '') : raw).trim();
    if (line === '' || (number === 1 && HEADER.test(line))) continue;
    add(accounts, line, number);
  }
  return accounts;
};

const sorted = (accounts: ReadonlyMap<string, readonly number[]>): Map<string, Float64Array> =>
  new Map([...accounts].map(([account, seconds]) => [account, Float64Array.from(seconds).sort()]));

/**
 * Reads a CSV of `account,unix_seconds`, plain or gzipped, with or without that header, in any order. Blank lines are
 * skipped; any other line that does not fit is an error with its number.
 */
export const readTrace = async (path: string): Promise<Trace> => {
  const accounts = sorted(await collect(linesOf(await chunksOf(path))));
  if (accounts.size === 0) throw new Error(`${path} holds no event`);
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const events of accounts.values()) {
    first = Math.min(first, events[0] ?? first);
    last = Math.max(last, events.at(-1) ?? last);
  }
  return { accounts, first, last };
};
