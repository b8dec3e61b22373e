import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type FinishedImport, importProfiles as runImport } from '@app/database/imports';
import type { Response } from 'express';
import type { Api, Handler } from './answer.ts';
import { readLines } from './csv/lines.ts';
import { readRecords } from './csv/records.ts';
import { readUpload } from './csv/upload.ts';
import { ProblemError } from './problem.ts';

/** A CSV file of any length: its lines go to the database as they come, and the report comes from there as it goes. */
export const importProfiles: Handler = async (api, request, response) => {
  const limits = { maxBytes: api.importMaxBytes, stallMs: api.importStallMs };
  const lines = readLines(readRecords(readUpload(request, limits)));
  await inSlot(api, () => runImport(api.pool, lines, finished => writeReport(response, finished)));
  return null;
};

async function inSlot(api: Api, work: () => Promise<void>): Promise<void> {
  if (api.importSlots.free === 0) {
    throw new ProblemError('too-many-imports', 'other imports are running; try again when they are done', {
      headers: { 'retry-after': '10' },
    });
  }
  api.importSlots.free--;
  try {
    await work();
  } finally {
    api.importSlots.free++;
  }
}

/** A client that takes nothing for this long is not reading: it must not hold the connection to the database. */
const writeStallMs = 30_000;

/** The shape is `importReport` of the contract, written piece by piece: a million rejected lines are never in memory. */
async function writeReport(response: Response, finished: FinishedImport): Promise<void> {
  response.status(200).type('json');
  response.setTimeout(writeStallMs, () => response.destroy());
  try {
    await pipeline(Readable.from(reportOf(finished), { objectMode: false }), response);
  } catch (error) {
    if (!isLeaving(error)) throw error;
  }
}

/** The client went away: there is nobody to tell, and nothing wrong. */
function isLeaving(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE';
}

async function* reportOf(finished: FinishedImport): AsyncGenerator<string> {
  const counts = {
    lines: finished.lines,
    created: finished.created,
    duplicates: finished.duplicates,
    duplicate_lines: finished.duplicateLines,
    rejected_count: finished.rejected,
  };
  yield `${JSON.stringify(counts).slice(0, -1)},"rejected":[`;
  let separator = '';
  for await (const lines of finished.rejectedLines()) {
    yield separator + lines.map(line => JSON.stringify(line)).join(',');
    separator = ',';
  }
  yield ']}';
}
