import { z } from 'zod';

/** Ten years: longer is a mistake, and the sum of two still fits the database's 32-bit seconds. */
export const longestDuration = 315_360_000;

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
const pattern = /^([0-9]{1,10})\s*([smhdw]?)$/i;

/** `90`, `"90"`, `"90s"`, `"30m"`, `"12h"`, `"7d"`, `"2w"` as whole seconds; null when it is none of them. */
export function parseDuration(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : null;
  if (typeof value !== 'string') return null;
  const [, amount, unit] = pattern.exec(value.trim()) ?? [];
  if (amount === undefined) return null;
  return Number(amount) * (secondsOf[unit?.toLowerCase() || 's'] ?? 1);
}

/** What is wrong with a duration, or its whole seconds. */
export function checkDuration(value: unknown, min: number): { seconds: number } | { problem: string } {
  const seconds = parseDuration(value);
  if (seconds === null)
    return { problem: 'must be whole seconds, or a number with s, m, h, d or w, like "90s" or "7d"' };
  if (seconds < min) return { problem: `must be at least ${min} second${min === 1 ? '' : 's'}` };
  if (seconds > longestDuration) return { problem: 'must be at most 10 years' };
  return { seconds };
}

function duration(min: number) {
  return z
    .union([z.number(), z.string()], 'must be whole seconds, or a string like "90s" or "7d"')
    .transform((value, context) => {
      const result = checkDuration(value, min);
      if ('seconds' in result) return result.seconds;
      context.addIssue({ code: 'custom', message: result.problem });
      return z.NEVER;
    });
}

/** How long without activity until a profile is inactive. */
export const threshold = duration(1);
/** How long after the threshold until the alert; may be nothing. */
export const grace = duration(0);
/** How current "last seen" should be. */
export const freshness = duration(1);
