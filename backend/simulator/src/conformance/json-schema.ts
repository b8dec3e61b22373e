import type { OpenApi } from './open-api.ts';

type Schema = Readonly<Record<string, unknown>>;

const REF = '#/components/schemas/';

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refName = (schema: unknown): string | null => {
  if (!isSchema(schema) || typeof schema.$ref !== 'string') return null;
  return schema.$ref.startsWith(REF) ? schema.$ref.slice(REF.length) : null;
};

/** The schemas that others build upon by `allOf`: closing them would refuse what the others add. */
const bases = (schemas: Readonly<Record<string, unknown>>): ReadonlySet<string> => {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isSchema(value)) return;
    for (const part of Array.isArray(value.allOf) ? value.allOf : []) names.add(refName(part) ?? '');
    Object.values(value).forEach(visit);
  };
  visit(schemas);
  return names;
};

/** OpenAPI 3.0's `nullable` in JSON Schema. */
const withNull = (schema: Schema): Schema => {
  const { nullable, ...rest } = schema;
  return nullable === true ? { anyOf: [rest, { type: 'null' }] } : rest;
};

/** A member that an object's schema does not name is a mistake of ours, although OpenAPI lets it pass. */
const closed = (schema: Schema): Schema =>
  isSchema(schema.properties) && schema.additionalProperties === undefined
    ? { ...schema, additionalProperties: false }
    : schema;

const convert = (value: unknown, close: boolean): unknown => {
  if (Array.isArray(value)) return value.map(item => convert(item, close));
  if (!isSchema(value)) return value;
  const entries = Object.entries(value)
    .filter(([key]) => key !== 'discriminator' && key !== 'example')
    .map(([key, inner]) => [key, convertMember(key, inner, close)] as const);
  const schema: Schema = Object.fromEntries(entries);
  return withNull(close ? closed(schema) : schema);
};

/** The members of `properties` are schemas by free names; those of `allOf` are parts of one object and stay open. */
const convertMember = (key: string, inner: unknown, close: boolean): unknown => {
  if (key !== 'properties' || !isSchema(inner)) return convert(inner, close && key !== 'allOf');
  return Object.fromEntries(Object.entries(inner).map(([name, schema]) => [name, convert(schema, close)]));
};

const BASE = ' without its kinds';

/** A problem is checked by its base alone from within its kinds, because these refer back to it. */
const toBase = (schema: unknown, name: string): unknown =>
  JSON.parse(
    JSON.stringify(schema).replaceAll(JSON.stringify(REF + name), JSON.stringify(REF + name + BASE)),
  );

const mappingOf = (schema: Schema): Readonly<Record<string, string>> | null => {
  const { discriminator } = schema;
  if (!isSchema(discriminator) || !isSchema(discriminator.mapping)) return null;
  return Object.fromEntries(
    Object.entries(discriminator.mapping).map(([value, ref]) => [value, String(ref)]),
  );
};

/** A discriminator's property says which schema holds besides, and its value must be a listed one. */
const byKind = (name: string, property: string, mapping: Readonly<Record<string, string>>): Schema => ({
  allOf: [
    { $ref: REF + name + BASE },
    { properties: { [property]: { enum: Object.keys(mapping) } } },
    ...Object.entries(mapping).map(([value, ref]) => ({
      if: { required: [property], properties: { [property]: { const: value } } },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word.
      then: { $ref: ref },
    })),
  ],
});

const splitKinds = (schemas: Record<string, unknown>, source: OpenApi['components']['schemas']): void => {
  for (const [name, schema] of Object.entries(source)) {
    const mapping = mappingOf(schema);
    if (mapping === null) continue;
    const property = String((schema.discriminator as Schema).propertyName);
    // With `oneOf` there is no base: the kinds are all there is, and the discriminator picks one with a clearer complaint.
    schemas[name + BASE] = schema.oneOf ? { type: 'object', required: [property] } : schemas[name];
    for (const ref of Object.values(mapping)) {
      const kind = ref.slice(REF.length);
      schemas[kind] = toBase(schemas[kind], name);
    }
    schemas[name] = byKind(name, property, mapping);
  }
};

/** The component schemas of an OpenAPI 3.0 document as JSON Schema, with undeclared members refused. */
export const jsonSchemas = (spec: OpenApi): Readonly<Record<string, unknown>> => {
  const source = spec.components.schemas;
  const open = bases(source);
  // X's own words: the extra members of a problem vary.
  const isOpen = (name: string): boolean => open.has(name) || name.endsWith('Problem');
  const converted = Object.entries(source).map(([name, schema]) => [name, convert(schema, !isOpen(name))]);
  const schemas: Record<string, unknown> = Object.fromEntries(converted);
  splitKinds(schemas, source);
  return schemas;
};
