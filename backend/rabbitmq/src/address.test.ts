import { expect, test } from 'vitest';
import { addressOf, reasonOf } from './address.ts';

test('an address is shown without user and password', () => {
  const address = addressOf('amqp://monitor:geheim@queue.example/prod', 10);
  expect(address.shown).toBe('amqp://queue.example:5672/prod (password hidden)');
  expect(address.href).toContain('geheim');
});

test('an address without a password hides nothing, and TLS has its own port', () => {
  expect(addressOf('amqps://queue.example', 10).shown).toBe('amqps://queue.example:5671');
});

test('the heartbeat is set unless the address sets it', () => {
  expect(addressOf('amqp://localhost', 10).href).toContain('heartbeat=10');
  expect(addressOf('amqp://localhost?heartbeat=3', 10).href).toContain('heartbeat=3');
});

test.each(['', 'localhost', 'http://user:geheim@localhost', 'amqp://user:geheim@', 'amqp://user:ge heim@:x'])(
  'an address that is none is refused without being shown: %j',
  url => {
    expect(() => addressOf(url, 10)).toThrow(/^AMQP_URL must look like/);
    expect(() => addressOf(url, 10)).not.toThrow(/geheim|ge heim/);
  },
);

test('the reason of a connection refused on every address of a host is what each said', () => {
  const refused = new AggregateError([
    new Error('connect ECONNREFUSED ::1:5672'),
    new Error('connect ECONNREFUSED 127.0.0.1:5672'),
  ]);
  expect(reasonOf(refused)).toBe('connect ECONNREFUSED ::1:5672, connect ECONNREFUSED 127.0.0.1:5672');
  expect(reasonOf('odd')).toBe('odd');
});
