import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { ProblemError } from '../problem.ts';

export interface CsvRecord {
  readonly fields: string[];
  /** Where it begins; quoted fields may go over several lines. */
  readonly line: number;
}

/** No line of ours comes near: one that does has a quote that is never closed. */
const longestRecord = 10_000;
const longestHeader = 10_000;

/** The file's records in their order. Separator and line ends are recognised; empty lines are left out. */
export async function* readRecords(chunks: AsyncIterable<Buffer>): AsyncGenerator<CsvRecord> {
  const { delimiter, whole } = await detectDelimiter(chunks);
  let ended = 0;
  const parser = parse({
    bom: true,
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    trim: true,
    max_record_size: longestRecord,
    on_record: (fields, { lines }) => {
      const record: CsvRecord = { fields, line: ended + 1 };
      ended = lines;
      // The parser's types do not know that this may change the shape of a record.
      return record as unknown as string[];
    },
  });
  // Hands errors and early ends on in both directions; what became of it is told by the loop below.
  pipeline(Readable.from(whole), parser, () => undefined);
  try {
    for await (const record of parser as AsyncIterable<CsvRecord>) {
      if (record.fields.some(field => field !== '')) yield record;
    }
  } catch (error) {
    throw error instanceof CsvError ? invalid(error, ended + 1) : error;
  }
}

const reasons: Readonly<Partial<Record<CsvError['code'], string>>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote that is opened here is never closed; the file may be cut off',
  CSV_MAX_RECORD_SIZE: `is longer than ${longestRecord} characters; a quote may be missing`,
  CSV_INVALID_CLOSING_QUOTE: 'has text after a closing quote',
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: 'has text after a closing quote',
  INVALID_OPENING_QUOTE:
    'has a quote in the middle of a field; put the whole field in quotes and double the ones inside',
};

function invalid(error: CsvError, line: number): ProblemError {
  const reason = reasons[error.code] ?? error.message.slice(0, 200);
  return new ProblemError('invalid-csv', `line ${line}: ${reason}. Nothing was changed.`, { cause: error });
}

/** The one that stands most often in the header line. */
async function detectDelimiter(
  chunks: AsyncIterable<Buffer>,
): Promise<{ delimiter: string; whole: AsyncIterable<Buffer> }> {
  const rest = chunks[Symbol.asyncIterator]();
  const head: Buffer[] = [];
  let header = '';
  for (let done = false; !done && !/\S.*[\r\n]/.test(header) && header.length < longestHeader; ) {
    const next = await rest.next();
    done = next.done === true;
    if (!next.done) head.push(next.value);
    header = Buffer.concat(head).toString('utf8', 0, longestHeader);
  }
  return { delimiter: mostFrequent(header.trimStart().split(/[\r\n]/)[0] ?? ''), whole: joined(head, rest) };
}

function mostFrequent(header: string): string {
  const times = (separator: string) => header.split(separator).length;
  return [',', ';', '\t'].reduce((best, separator) => (times(separator) > times(best) ? separator : best));
}

async function* joined(head: Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
