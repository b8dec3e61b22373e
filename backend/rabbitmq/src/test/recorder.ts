import type { Log } from '../log.ts';

export interface Recorder extends Log {
  readonly lines: { level: string; facts: object; text: string }[];
  texts(level: string): string[];
}

/** A log that remembers. */
export function recorder(): Recorder {
  const lines: Recorder['lines'] = [];
  const at = (level: string) => (facts: object, text: string) => void lines.push({ level, facts, text });
  return {
    lines,
    texts: level => lines.filter(line => line.level === level).map(line => line.text),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}
