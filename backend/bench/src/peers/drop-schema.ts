import { createPool } from '@app/database/pool';

export async function dropSchema(url: string, schema: string): Promise<void> {
  const pool = createPool({ url, name: 'bench', connections: 1, onError: () => undefined });
  try {
    await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  } finally {
    await pool.end();
  }
}
