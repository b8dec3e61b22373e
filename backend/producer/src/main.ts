import { startCached } from '@app/runtime/compile-cache';

await startCached(() => import('./producer-process.ts'));
