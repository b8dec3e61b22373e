import { startCached } from '@app/runtime/compile-cache';

await startCached(() => import('./api-process.ts'));
