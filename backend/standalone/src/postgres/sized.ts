import { totalmem } from 'node:os';

const mebibyte = 2 ** 20;
const mostSharedBuffers = 8_192;

/**
 * Server settings for a machine that is PostgreSQL's own, or shared with the rest of the system: `share` of its memory for pages, and room
 * for the log of half an hour of full load, so that a page is written whole (after each checkpoint once) as seldom as possible.
 */
export function sizedSettings(share: number, memory = totalmem()): Readonly<Record<string, string>> {
  const megabytes = memory / mebibyte;
  const sharedBuffers = Math.round(Math.min(mostSharedBuffers, Math.max(128, megabytes * share)));
  return {
    shared_buffers: `${sharedBuffers}MB`,
    maintenance_work_mem: `${Math.round(Math.min(2_048, Math.max(64, sharedBuffers / 4)))}MB`,
    effective_cache_size: `${Math.round(megabytes / 2)}MB`,
    max_wal_size: `${Math.round(Math.min(16_384, Math.max(1_024, sharedBuffers * 4)))}MB`,
    checkpoint_timeout: '30min',
    checkpoint_completion_target: '0.9',
    random_page_cost: '1.1',
    jit: 'off',
  };
}
