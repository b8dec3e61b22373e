import type { Pool } from '@app/database/pool';
import { expect, test } from 'vitest';
import { census } from './census.ts';

test('a census that fails is told, and is no end of the producer', async () => {
  const told: [string, object, string][] = [];
  const at = (level: string) => (fields: object, text: string) => void told.push([level, fields, text]);
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const lost = new Error('connection refused');
  const pool = { connect: () => Promise.reject(lost), query: () => Promise.reject(lost) } as unknown as Pool;
  await census({ pool, log }, new AbortController().signal);
  expect(told).toEqual([['error', { err: lost }, expect.stringContaining('could not count')]]);
});
