import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP wire to a broker that can be cut, taken away and frozen. */
export interface Wire {
  /** The broker's address over this wire. */
  url: string;
  /** Breaks every connection; new ones are accepted. */
  cut(): void;
  /** Breaks every connection and refuses new ones until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Holds back what the broker says, as a dead network does, until `thaw` or the connection ends. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

export async function openWire(url: string): Promise<Wire> {
  const far = new URL(url);
  const pairs = new Set<[Socket, Socket]>();
  const server = createServer(near => join(near, far, pairs));
  await listen(server, 0);
  const port = portOf(server);
  const near = new URL(url);
  near.host = `127.0.0.1:${port}`;
  const cut = () => {
    for (const sockets of pairs) for (const socket of sockets) socket.destroy();
  };
  const down = async () => {
    const closed = once(server, 'close');
    server.close();
    cut();
    await closed;
  };
  return {
    url: near.href,
    cut,
    down,
    up: () => listen(server, port),
    freeze: () => pairs.forEach(([here, there]) => void there.unpipe(here).pause()),
    thaw: () => pairs.forEach(([here, there]) => void there.pipe(here)),
    close: async () => {
      if (server.listening) await down();
    },
  };
}

function join(here: Socket, far: URL, pairs: Set<[Socket, Socket]>): void {
  const there = connect(Number(far.port || 5672), far.hostname);
  const pair: [Socket, Socket] = [here, there];
  pairs.add(pair);
  here.pipe(there).pipe(here);
  for (const [socket, other] of [pair, pair.toReversed()] as [Socket, Socket][]) {
    socket.on('error', () => undefined);
    socket.on('close', () => {
      other.destroy();
      pairs.delete(pair);
    });
  }
}

async function listen(server: Server, port: number): Promise<void> {
  const listening = once(server, 'listening');
  server.listen(port, '127.0.0.1');
  await listening;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
