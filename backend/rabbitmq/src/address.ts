/** A broker's address, and the same for people: without its password. */
export interface Address {
  href: string;
  shown: string;
}

/** Reads an AMQP address and sets the heartbeat where it gives none. The errors never contain the address: it holds a password. */
export function addressOf(url: string, heartbeatSeconds: number): Address {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^amqps?:$/.test(parsed.protocol) || parsed.hostname === '')
    throw new Error('AMQP_URL must look like amqp://user:password@host:5672/vhost (or amqps://…)');
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(heartbeatSeconds));
  return { href: parsed.href, shown: shown(parsed) };
}

function shown(url: URL): string {
  const port = url.port || (url.protocol === 'amqps:' ? '5671' : '5672');
  const hidden = url.password === '' ? '' : ' (password hidden)';
  return `${url.protocol}//${url.hostname}:${port}${url.pathname}${hidden}`;
}

/**
 * What an error says. Node's error of a refused connection to `localhost` has an empty message and two errors inside;
 * amqplib's of a wrong virtual host speaks of frames.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  if (error instanceof Error && error.message.startsWith('Expected ConnectionOpenOk; got <ConnectionClose'))
    return 'it does not open the virtual host (the path of the address: there is none of this name, or this user may not use it)';
  return error instanceof Error ? error.message : String(error);
}
