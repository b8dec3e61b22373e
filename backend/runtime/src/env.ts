import { z } from 'zod';

/** The one place that reads the environment. Everything else takes values. */
export type Env = Readonly<Record<string, string | undefined>>;

export const processEnv: Env = process.env;

export class EnvError extends Error {
  override readonly name = 'EnvError';
}

/**
 * Reads settings; an empty variable counts as absent, as compose files write it.
 * Throws an EnvError of one line that names every wrong variable and what it must be (never its value: it may be a secret).
 */
export function readEnv<Shape extends z.ZodRawShape>(
  shape: Shape,
  env: Env = processEnv,
): z.infer<z.ZodObject<Shape>> {
  const present = Object.fromEntries(Object.keys(shape).flatMap(key => (env[key] ? [[key, env[key]]] : [])));
  const result = z.object(shape).safeParse(present);
  if (result.success) return result.data;
  const problems = result.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`);
  throw new EnvError(`wrong settings: ${problems.join('; ')}`);
}

/** A whole number in a range, as a setting. */
export function wholeNumber(min: number, max: number) {
  return z.coerce
    .number(`must be a whole number from ${min} to ${max}`)
    .int(`must be a whole number from ${min} to ${max}`)
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`);
}

/** An address of one of the given protocols, as a setting. */
export function address(...protocols: string[]) {
  return z
    .string()
    .refine(
      value => URL.canParse(value) && protocols.includes(new URL(value).protocol),
      `must be an address like ${protocols.map(protocol => `${protocol}//…`).join(' or ')}`,
    );
}

/** A port, 0 meaning any free one. */
export const port = wholeNumber(0, 65_535);

export const logLevel = z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info');
