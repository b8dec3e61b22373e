import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Request } from 'express';
import { ProblemError } from '../problem.ts';

export interface UploadLimits {
  /** Of the file, as sent and unpacked. */
  readonly maxBytes: number;
  /** Nothing coming for this long means that nothing will. */
  readonly stallMs: number;
}

type Chunks = AsyncIterable<Buffer>;

/**
 * The body of a request as checked pieces of text in UTF-8, however large, some 64 KB in memory at a time.
 * Leaving it early does not close the connection, so that the refusal can still be answered.
 */
export function readUpload(request: Request, limits: UploadLimits): Chunks {
  refuseMediaType(request);
  refuseLength(Number(request.headers['content-length'] ?? 0), limits.maxBytes);
  const received = limited(receive(request, limits.stallMs), limits.maxBytes);
  return checkUtf8(isPacked(request) ? limited(unpack(received), limits.maxBytes) : received);
}

function refuseMediaType(request: Request): void {
  if (!request.is('text/csv')) {
    throw new ProblemError('unsupported-media-type', 'send the file with the header content-type: text/csv');
  }
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  if (!/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw new ProblemError('unsupported-media-type', 'the file must be in UTF-8');
  }
}

function isPacked(request: Request): boolean {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'gzip' || encoding === 'x-gzip') return true;
  if (encoding === 'identity' || encoding === '') return false;
  throw new ProblemError('unsupported-media-type', 'send the file plain, or with content-encoding: gzip', {
    headers: { 'accept-encoding': 'gzip' },
  });
}

function refuseLength(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes)
    throw new ProblemError('too-large', `the file is larger than the limit of ${maxBytes} bytes`);
}

/** With `destroyOnReturn` the socket would be closed under the answer. */
async function* receive(request: Request, stallMs: number): AsyncGenerator<Buffer> {
  const chunks = request.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const next: IteratorResult<Buffer> = await inTime(chunks.next(), stallMs);
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError('invalid-csv', 'the upload was cut off. Nothing was changed.', { cause: error });
  } finally {
    void chunks.return?.();
  }
}

async function inTime<T>(next: Promise<T>, stallMs: number): Promise<T> {
  const { promise: stalled, reject } = Promise.withResolvers<never>();
  const detail = `nothing came for ${stallMs / 1000} s. Nothing was changed.`;
  const timer = setTimeout(
    () => reject(new ProblemError('request-timeout', detail, { headers: { connection: 'close' } })),
    stallMs,
  );
  try {
    return await Promise.race([next, stalled]);
  } finally {
    clearTimeout(timer);
  }
}

async function* limited(chunks: Chunks, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    refuseLength(bytes, maxBytes);
    yield chunk;
  }
}

async function* unpack(chunks: Chunks): AsyncGenerator<Buffer> {
  const source = Readable.from(chunks);
  const gunzip = createGunzip();
  // pipe() does not hand errors on.
  source.on('error', error => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError('invalid-csv', 'the gzip data is damaged or cut off. Nothing was changed.', {
      cause: error,
    });
  } finally {
    source.destroy();
  }
}

/** Characters may lie across two chunks: an unfinished one at the end waits for the next chunk. */
async function* checkUtf8(chunks: Chunks): AsyncGenerator<Buffer> {
  let carried: Buffer = Buffer.alloc(0);
  let line = 1;
  for await (const chunk of chunks) {
    const bytes = carried.length > 0 ? Buffer.concat([carried, chunk]) : chunk;
    const end = bytes.length - unfinished(bytes);
    const whole = bytes.subarray(0, end);
    if (!isUtf8(whole)) throw notUtf8(line + lineOfBadByte(whole));
    line += countLines(whole);
    carried = bytes.subarray(end);
    yield whole;
  }
  if (carried.length > 0) throw notUtf8(line);
}

function notUtf8(line: number): ProblemError {
  return new ProblemError(
    'invalid-csv',
    `line ${line}: is not valid UTF-8; save the file as "CSV UTF-8". Nothing was changed.`,
  );
}

/** How many bytes at the end begin a character that is not complete: at most 3. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}

function lineOfBadByte(bytes: Buffer): number {
  let line = 0;
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    if (!isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
    line++;
  }
  return line;
}
