import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** The parts of an OpenAPI 3.0 document that are read here. */
const response = z.object({
  content: z.record(z.string(), z.object({ schema: z.record(z.string(), z.unknown()) })).optional(),
});

const openApi = z.object({
  openapi: z.string().startsWith('3.'),
  info: z.object({ version: z.string() }),
  paths: z.record(
    z.string(),
    z.object({ get: z.object({ responses: z.record(z.string(), response) }).optional() }),
  ),
  components: z.object({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) }),
});

export type OpenApi = z.infer<typeof openApi>;

/** No such file, or no such document: the reader's mistake, told in one line. */
export class SpecError extends Error {
  override readonly name = 'SpecError';
}

export const parseOpenApi = (document: unknown): OpenApi => {
  const parsed = openApi.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new SpecError(`not an OpenAPI 3 document: ${parsed.error.issues[0]?.path.join('.')}`);
};

export const readOpenApi = async (path: string): Promise<OpenApi> => {
  try {
    return parseOpenApi(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new SpecError(`cannot read the specification ${path}: ${reason}`);
  }
};

/** The schema of an answer, by path, status (or `default`) and content type. */
export const responseSchema = (
  spec: OpenApi,
  path: string,
  status: number,
  contentType: string,
): Readonly<Record<string, unknown>> | undefined => {
  const responses = spec.paths[path]?.get?.responses;
  const content = (responses?.[String(status)] ?? responses?.default)?.content;
  return content?.[contentType.split(';')[0]?.trim() ?? '']?.schema;
};
