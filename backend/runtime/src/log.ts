import { pino } from 'pino';

/** What a package may do with a log: pino's own shape, as little of it as is needed. */
export interface Log {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** JSON lines on standard error, with the name of the process part; standard output is for people. */
export function createLog(name: string, level = 'info'): Log {
  return pino(
    {
      name,
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: ['password', 'token', '*.password', '*.token'],
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
