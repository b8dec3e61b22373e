import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Connections, openConnections } from './connections.ts';
import { get } from './request.ts';

const limits = { timeoutMs: 2_000, maxBodyBytes: 1_000 };
const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok';

let server: Server;
let connections: Connections;

afterEach(() => {
  connections.close();
  server.close();
});

/** A server that does with the nth request of a connection what is said; answers how many connections it has had. */
async function serve(onRequest: (nth: number, socket: Socket) => void): Promise<() => number> {
  let count = 0;
  server = createServer(socket => {
    count++;
    let requests = 0;
    socket.on('data', () => onRequest(++requests, socket));
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  connections = openConnections(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), 1);
  return () => count;
}

const ask = () => get(connections, '/', {}, limits, undefined);

test('a connection is used again', async () => {
  const opened = await serve((_, socket) => socket.write(answer));
  expect([await ask(), await ask()]).toMatchObject([{ text: 'ok' }, { text: 'ok' }]);
  expect(opened()).toBe(1);
});

test('a server that closes a kept connection just as it is used again is asked anew', async () => {
  const opened = await serve((nth, socket) => (nth === 1 ? socket.write(answer) : socket.destroy()));
  expect([await ask(), await ask(), await ask()]).toMatchObject([
    { text: 'ok' },
    { text: 'ok' },
    { text: 'ok' },
  ]);
  expect(opened()).toBe(3);
});

test('a server that closes every connection is asked once: that is its answer', async () => {
  const opened = await serve((_, socket) => socket.destroy());
  expect(await ask()).toEqual({ kind: 'none', status: null, cause: 'network' });
  expect(opened()).toBe(1);
});

test('closing ends what runs, what waits for a connection, and whatever is asked afterwards', async () => {
  await serve(() => undefined);
  const asked = [ask(), ask()];
  await once(server, 'connection');
  connections.close();
  expect(await Promise.all([...asked, ask()])).toMatchObject(
    Array(3).fill({ kind: 'none', cause: 'network' }),
  );
});
