import { Ajv } from 'ajv';
import { jsonSchemas } from './json-schema.ts';
import { type OpenApi, responseSchema } from './open-api.ts';

/** One answer of the simulator. */
export interface Received {
  readonly path: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** `wrong` is `null` if the answer is as the document says. */
export interface Verdict {
  readonly schema: string;
  readonly wrong: string | null;
}

const isDate = (text: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));

/** The formats that can be told wrong; X also uses some that are none (`data-time`, patterns), which check nothing. */
const FORMATS = { 'date-time': isDate, uri: (text: string) => URL.canParse(text) };

const OTHER_FORMATS = ['integer', 'long', 'data-time', 'double', 'byte', 'binary', 'int32', 'int64'];

const createAjv = (spec: OpenApi): Ajv => {
  const ajv = new Ajv({ strict: false, allErrors: false, logger: false, formats: FORMATS });
  for (const format of OTHER_FORMATS) ajv.addFormat(format, true);
  ajv.addSchema({ $id: 'spec', components: { schemas: jsonSchemas(spec) } });
  return ajv;
};

const parse = (body: string): { readonly value: unknown } | null => {
  try {
    return { value: JSON.parse(body) };
  } catch {
    return null;
  }
};

const nameOf = (schema: Readonly<Record<string, unknown>>): string =>
  typeof schema.$ref === 'string' ? (schema.$ref.split('/').at(-1) ?? '') : 'inline';

/** Checks answers against the schemas of an OpenAPI document. */
export const createValidator = (spec: OpenApi): ((received: Received) => Verdict) => {
  const ajv = createAjv(spec);
  return ({ path, status, contentType, body }) => {
    const schema = responseSchema(spec, path, status, contentType);
    if (!schema) return { schema: '-', wrong: `the document has no ${contentType} for ${status} of ${path}` };
    const name = nameOf(schema);
    const json = parse(body);
    if (json === null) return { schema: name, wrong: 'no JSON' };
    const check = ajv.compile({
      ...schema,
      $ref: typeof schema.$ref === 'string' ? `spec${schema.$ref}` : undefined,
    });
    return {
      schema: name,
      wrong: check(json.value) ? null : ajv.errorsText(check.errors, { dataVar: 'body' }),
    };
  };
};
