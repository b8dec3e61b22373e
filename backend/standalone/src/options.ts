import { parseArgs } from 'node:util';
import { consumerSettings, xApiSettings } from '@app/consumer/settings';
import { producerSettings } from '@app/producer/settings';
import { address, EnvError, logLevel, port, processEnv, readEnv, wholeNumber } from '@app/runtime/env';
import { amqpSettings, databaseSettings } from '@app/runtime/settings';
import { z } from 'zod';

const settings = {
  DATABASE_URL: databaseSettings.DATABASE_URL.optional(),
  AMQP_URL: amqpSettings.AMQP_URL.optional(),
  AMQP_PREFIX: amqpSettings.AMQP_PREFIX,
  HOST: z.string().default('127.0.0.1'),
  PORT: port.default(8080),
  /** Absent: `.data`, and `.data/demo` for the simulator, so that trying it leaves nothing behind for the real X. */
  DATA_DIR: z.string().optional(),
  /** Consumers in this process. */
  CONSUMERS: wholeNumber(1, 64).default(1),
  LOG_LEVEL: logLevel.unwrap().default('warn'),
  ...consumerSettings,
  ...producerSettings,
  ...xApiSettings,
  X_API_URL: address('http:', 'https:').optional(),
  X_BEARER_TOKEN: z.string().optional(),
};

export type Settings = z.infer<z.ZodObject<typeof settings>>;

export const usage = `npm start -- [--port 8080] [--host 127.0.0.1] [--data .data]`;

/** Where the embedded database is while the simulator stands in. */
export const simulatedFolder = '.data/demo';

/** Nothing says where X is: the simulator stands in. */
export function isSimulated({ X_API_URL: url, X_BEARER_TOKEN: token }: Settings): boolean {
  return url === undefined && token === undefined;
}

/** Settings from the environment, with the command line's three options before them. Throws an EnvError of one line. */
export function readOptions(args: readonly string[]): Settings {
  const { port, host, data } = argumentsOf(args);
  const given = Object.entries({ PORT: port, HOST: host, DATA_DIR: data }).filter(
    ([, value]) => value !== undefined,
  );
  const chosen = readEnv(settings, { ...processEnv, ...Object.fromEntries(given) });
  refuseXWithoutToken(chosen);
  return chosen;
}

function argumentsOf(args: readonly string[]) {
  try {
    const options = { port: { type: 'string' }, host: { type: 'string' }, data: { type: 'string' } } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new EnvError(`${(error as Error).message.split('. ')[0]}; use: ${usage}`);
  }
}

function refuseXWithoutToken({ X_API_URL: url, X_BEARER_TOKEN: token }: Settings): void {
  if (url === undefined || token !== undefined) return;
  if (!/(^|\.)(x|twitter)\.com$/.test(new URL(url).hostname)) return;
  throw new EnvError(
    `wrong settings: X_BEARER_TOKEN: must be the bearer token of your X app, since X_API_URL is ${url}`,
  );
}
