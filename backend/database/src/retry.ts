import { setTimeout as sleep } from 'node:timers/promises';

/** Someone else did it first, or the server went away in the middle: the same statement may well succeed now. */
const passing = new Set([
  '40001', // serialization failure
  '40P01', // deadlock detected
  '57P01', // the server is shutting down
  '57P02', // the server crashed
  '57P03', // the server is starting
  '08000', // connection exception
  '08003', // connection does not exist
  '08006', // connection failure
]);

const mostTries = 4;

/** Repeats work that is harmless to repeat, when the database says that its failure is a passing one. */
export async function withRetry<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === mostTries || !isPassing(error)) throw error;
      await sleep(50 * 2 ** attempt * Math.random());
    }
  }
}

/** Whether the failure lies with the database or the way to it, rather than with what was asked. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as Error & { code?: string }).code ?? '';
  const lost = /^(ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT)$/.test(code);
  return (
    passing.has(code) ||
    lost ||
    /Connection terminated|timeout exceeded when trying to connect/.test(error.message)
  );
}
