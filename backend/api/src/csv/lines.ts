import { checkDuration } from '@app/contract/duration';
import { groupName } from '@app/contract/group';
import { type ImportColumn, importColumns, referenceColumns } from '@app/contract/import-report';
import { bases } from '@app/contract/profile';
import {
  type ParsedReference,
  parseAddress,
  parseHandle,
  parseId,
  parseReference,
} from '@app/contract/profile-reference';
import type { ImportLine } from '@app/database/imports';
import { ProblemError } from '../problem.ts';
import type { CsvRecord } from './records.ts';

/** How many lines go to the database in one statement. */
const batchSize = 5_000;
const longestValue = 100;

/** The records below the header as lines of an import, some thousand at a time. */
export async function* readLines(records: AsyncIterable<CsvRecord>): AsyncGenerator<ImportLine[]> {
  let columns: ImportColumn[] | null = null;
  let batch: ImportLine[] = [];
  for await (const record of records) {
    if (columns === null) {
      columns = parseHeader(record);
      continue;
    }
    batch.push(parseLine(columns, record));
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (columns === null) throw invalidHeader(1, 'the file is empty');
  if (batch.length > 0) yield batch;
}

/** Which column stands where. */
export function parseHeader({ fields, line }: CsvRecord): ImportColumn[] {
  const columns = fields.map(field => parseColumn(field, line));
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice !== undefined) throw invalidHeader(line, `the column "${twice}" stands there twice`);
  const naming = columns.filter(column => referenceColumns.some(name => name === column));
  if (naming.length === 1) return columns;
  throw invalidHeader(line, `exactly one column must name the profile: ${referenceColumns.join(', ')}`);
}

function parseColumn(field: string, line: number): ImportColumn {
  const column = importColumns.find(name => name === field.toLowerCase());
  if (column === undefined) throw invalidHeader(line, `the column "${cut(field)}" is not known`);
  return column;
}

function invalidHeader(line: number, problem: string): ProblemError {
  return new ProblemError(
    'invalid-csv',
    `line ${line}: ${problem}. The first line must be a header of the columns ${importColumns.join(', ')}. Nothing was changed.`,
  );
}

const parseReferenceIn: Readonly<Partial<Record<ImportColumn, (text: string) => ParsedReference>>> = {
  profile: parseReference,
  handle: parseHandle,
  id: parseId,
  url: parseAddress,
};

/** A line of the file; what is wrong with it becomes its reason. */
export function parseLine(columns: readonly ImportColumn[], { fields, line }: CsvRecord): ImportLine {
  if (fields.length > columns.length) {
    const reason = `has ${fields.length} columns, the header has ${columns.length}`;
    return { ...blank, line, value: cut(fields.join(',')), reason };
  }
  const parsed: Draft = { ...blank, line };
  for (const [index, column] of columns.entries()) {
    const value = fields[index] ?? '';
    const problem = setters[column](parsed, value);
    if (problem !== null) return { ...blank, line, value: cut(value), reason: `${column}: ${problem}` };
  }
  return parsed;
}

type Draft = { -readonly [Key in keyof ImportLine]: ImportLine[Key] };

const blank: ImportLine = {
  line: 0,
  id: null,
  handle: null,
  group: null,
  threshold: null,
  grace: null,
  basis: 'unstated',
  value: '',
  reason: null,
};

/** Puts a field where it belongs, or says what is wrong with it. Empty fields leave the choice to the group. */
const setters: Readonly<Record<ImportColumn, (line: Draft, value: string) => string | null>> = {
  profile: setReference('profile'),
  handle: setReference('handle'),
  id: setReference('id'),
  url: setReference('url'),
  group: setGroup,
  threshold: setDuration('threshold', 1),
  grace: setDuration('grace', 0),
  basis: setBasis,
};

function setReference(column: ImportColumn) {
  return (line: Draft, value: string): string | null => {
    const parsed = (parseReferenceIn[column] ?? parseReference)(value);
    if ('problem' in parsed) return parsed.problem;
    if ('id' in parsed.reference) line.id = parsed.reference.id;
    else line.handle = parsed.reference.handle;
    return null;
  };
}

function setGroup(line: Draft, value: string): string | null {
  if (value === '') return null;
  const parsed = groupName.safeParse(value);
  if (!parsed.success) return parsed.error.issues[0]?.message ?? 'is not a name of a group';
  line.group = parsed.data;
  return null;
}

function setDuration(column: 'threshold' | 'grace', min: number) {
  return (line: Draft, value: string): string | null => {
    if (value === '') return null;
    const checked = checkDuration(value, min);
    if ('problem' in checked) return checked.problem;
    line[column] = checked.seconds;
    return null;
  };
}

function setBasis(line: Draft, value: string): string | null {
  if (value === '') return null;
  const basis = bases.find(name => name === value.toLowerCase());
  if (basis === undefined) return `must be one of ${bases.join(', ')}`;
  line.basis = basis;
  return null;
}

/** A NUL is valid UTF-8, but no text in PostgreSQL can hold one. */
function cut(value: string): string {
  return [...value.slice(0, 2 * longestValue).replaceAll('\0', '\uFFFD')].slice(0, longestValue).join('');
}
