import { parseArgs } from 'node:util';
import { readOpenApi, SpecError } from './open-api.ts';
import { type Row, runConformance, vocabularyOf } from './run.ts';

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

const specPath = (): string => {
  try {
    const { values } = parseArgs({ options: { spec: { type: 'string' } } });
    if (values.spec) return values.spec;
  } catch {
    // Unknown options get the same line as none.
  }
  throw new SpecError('usage: npm run conformance -- --spec FILE (an OpenAPI document of the X API v2)');
};

const table = (rows: readonly Row[]): readonly string[] => {
  const cells = rows.map(row => [row.request, String(row.status), row.schema, row.result, row.reason]);
  const all = [['request', 'status', 'schema', 'ok', ''], ...cells];
  const widths = [0, 1, 2, 3].map(column => Math.max(...all.map(line => (line[column] ?? '').length)));
  return all.map(line =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
};

const main = async (): Promise<number> => {
  const spec = await readOpenApi(specPath());
  const rows = await runConformance(spec);
  const count = (result: Row['result']): number => rows.filter(row => row.result === result).length;
  say(`X API ${spec.info.version}, vocabulary "${vocabularyOf(spec)}"`);
  table(rows).forEach(say);
  say(
    `${count('ok')} ok, ${count('measured, not in the spec')} measured, not in the spec, ${count('WRONG')} wrong`,
  );
  return count('WRONG') === 0 ? 0 : 1;
};

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof SpecError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
