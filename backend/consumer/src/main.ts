import { startCached } from '@app/runtime/compile-cache';

await startCached(() => import('./consumer-process.ts'));
