import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Api } from './api.ts';
import { type Answer, blank, json, problem } from './problems.ts';

/** Not part of X: the switches of the simulator, on the same port. */
export const CONTROL_PATH = '/control/faults';

/** Room for a fault for each of some ten thousand profiles. */
const LARGEST_BODY = 1024 * 1024;

const readBody = async (request: IncomingMessage): Promise<string | null> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= LARGEST_BODY) chunks.push(chunk);
  }
  return bytes > LARGEST_BODY ? null : Buffer.concat(chunks).toString('utf8');
};

const explain = (error: unknown): string => {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  if (error instanceof SyntaxError) return 'the body is no JSON';
  throw error;
};

const change = (api: Api, body: string): Answer => {
  try {
    api.setFaults(JSON.parse(body));
    return json(200, api.faults());
  } catch (error) {
    return problem(400, {
      title: 'Invalid faults',
      detail: explain(error),
      type: 'about:blank',
      status: 400,
    });
  }
};

/** `GET` shows the switches, `PUT` with some of them changes those. */
export const control = async (request: IncomingMessage, api: Api): Promise<Answer> => {
  if (request.method === 'GET') return json(200, api.faults());
  if (request.method !== 'PUT') return blank(405, 'Method Not Allowed');
  const body = await readBody(request);
  return body === null ? blank(413, 'Content Too Large') : change(api, body);
};
