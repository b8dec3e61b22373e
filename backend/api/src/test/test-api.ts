import { createPool, type Pool } from '@app/database/pool';
import { cloneDatabase } from '@app/database/test/test-database';
import type { Log } from '@app/runtime/log';
import { Registry } from 'prom-client';
import { type AppOptions, createApp } from '../app.ts';
import { startApi } from '../server.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

export interface TestApi {
  readonly pool: Pool;
  readonly url: string;
  readonly port: number;
  readonly logged: { level: string; fields: object; text: string }[];
  /** A body that is no text goes as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** Every row of every table that requests can change, to compare before and after. */
  everything(): Promise<string>;
  empty(): Promise<void>;
  stop(): Promise<void>;
}

/** The API on a port of its own, over a database of its own. */
export async function startTestApi(options: Partial<AppOptions> = {}): Promise<TestApi> {
  const database = await cloneDatabase();
  const pool = createPool({ url: database.url, name: 'api-test', onError: () => undefined });
  const logged: TestApi['logged'] = [];
  const health = {
    registry: new Registry(),
    checks: { database: async () => void (await pool.query('SELECT 1')) },
  };
  const app = createApp({ pool, log: collect(logged), health, confirmDelayMs: 60_000, ...options });
  const server = await startApi({ app, host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    pool,
    url,
    port: server.port,
    logged,
    call: (method, path, body, headers = {}) => call(url + path, method, body, headers),
    everything: () => everything(pool),
    empty: async () => {
      await pool.query('TRUNCATE profiles, activities, jobs CASCADE');
      await pool.query('DELETE FROM groups WHERE group_id <> 1');
    },
    stop: async () => {
      await server.close();
      await pool.end();
      await database.drop();
    },
  };
}

function collect(logged: TestApi['logged']): Log {
  const at = (level: string) => (fields: object, text: string) => void logged.push({ level, fields, text });
  return { debug: () => undefined, info: at('info'), warn: at('warn'), error: at('error') };
}

async function call(
  url: string,
  method: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Reply> {
  const json = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
  const response = await fetch(url, {
    method,
    headers: { ...(json && { 'content-type': 'application/json' }), ...headers },
    signal: AbortSignal.timeout(20_000),
    ...(body !== undefined && {
      body: json ? JSON.stringify(body) : (body as string | Uint8Array<ArrayBuffer>),
    }),
  });
  const text = await response.text();
  const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

async function everything(pool: Pool): Promise<string> {
  const parts: unknown[] = [];
  for (const table of [
    'groups',
    'profiles',
    'schedule',
    'activities',
    'alerts',
    'alert_events',
    'former_handles',
    'jobs',
  ]) {
    parts.push((await pool.query(`SELECT * FROM ${table} ORDER BY ${table}::text`)).rows);
  }
  return JSON.stringify(parts);
}
