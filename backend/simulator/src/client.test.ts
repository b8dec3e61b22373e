import { createServer } from 'node:net';
import { createXApi, type XApi, type XApiOptions } from '@app/x-api/client';
import { snowflakeAt } from '@app/x-api/snowflake';
import { afterEach, describe, expect, it } from 'vitest';
import { everyFault, type FaultKind } from './faults.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from './server.ts';
import type { Account, ActivitySource } from './source.ts';

const now = Date.UTC(2026, 10, 22);

const account = (id: string, handle: string, more: Partial<Account> = {}): Account => ({
  id,
  handle,
  name: handle.toUpperCase(),
  createdAt: Date.UTC(2015, 0, 1),
  state: 'ok',
  lastPostId: snowflakeAt(now - 60_000),
  postCount: 10,
  likeCount: 20,
  followingCount: 30,
  followersCount: 40,
  listedCount: 50,
  mediaCount: 60,
  description: 'D',
  location: 'L',
  ...more,
});

const accounts = new Map(
  [
    account('1', 'Ann'),
    account('2', 'bob'),
    account('3', 'gone', { state: 'suspended' }),
    account('4', 'closed', { state: 'protected' }),
    account('5', 'silent', { lastPostId: null, postCount: 0 }),
    account('6', 'early', { lastPostId: '20' }),
    account('7', 'future', { lastPostId: snowflakeAt(now + 600_000) }),
  ].map(one => [one.id, one]),
);

const source: ActivitySource = {
  account: (id, at) => {
    const found = accounts.get(id);
    if (id !== '2' || at >= now || !found) return found ?? null;
    return { ...found, lastPostId: snowflakeAt(at) };
  },
  idOf: handle =>
    [...accounts.values()].find(one => one.handle.toLowerCase() === handle.toLowerCase())?.id ?? null,
};

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

const open = <T extends { close(): Promise<void> }>(one: T): T => {
  opened.push(one);
  return one;
};

const connect = async (
  client: Partial<XApiOptions> = {},
  server: Partial<SimulatorOptions> = {},
): Promise<{ simulator: Simulator; x: XApi }> => {
  const simulator = open(await startSimulator({ source, clock: () => now, rateLimit: null, ...server }));
  const given: XApiOptions = {
    baseUrl: simulator.url,
    bearerToken: 't',
    vocabulary: 'tweet',
    now: () => now,
  };
  return { simulator, x: open(createXApi({ ...given, ...client })) };
};

const failed = { kind: 'unknown', reason: 'request_failed' };
const seenAnn = { kind: 'seen', id: '1', handle: 'Ann', lastPost: { kind: 'at', at: now - 60_000 } };

describe.each(['tweet', 'post'] as const)('a look-up in the %s vocabulary', vocabulary => {
  it('answers every item in the asked order', async () => {
    const { x, simulator } = await connect({ vocabulary });
    const { observations, upstream, rate, returned } = await x.lookUpByIds([
      '9',
      '7',
      '6',
      '5',
      '4',
      '3',
      '1',
    ]);
    expect(observations).toMatchObject([
      { kind: 'not_found' },
      { kind: 'seen', lastPost: { kind: 'missing' } },
      { kind: 'seen', lastPost: { kind: 'before_2010', id: '20' } },
      { kind: 'seen', lastPost: { kind: 'none' }, postCount: 0 },
      { kind: 'seen', protected: true, lastPost: { kind: 'missing' } },
      { kind: 'suspended' },
      { ...seenAnn, name: 'ANN', protected: false, postCount: 10, likeCount: 20, followingCount: 30 },
    ]);
    expect(upstream).toEqual({ state: 'ok' });
    expect(rate?.remaining).toBeGreaterThan(0);
    expect(returned).toBe(5);
    expect(simulator.usersReturned()).toBe(5);
  });

  it('answers handles in any capitals, and each place of a repeated one', async () => {
    const { x, simulator } = await connect({ vocabulary });
    const { observations, returned } = await x.lookUpByHandles(['ANN', 'nobody', 'bob', 'ann', 'gone']);
    const bob = { kind: 'seen', id: '2' };
    expect(observations).toMatchObject([seenAnn, { kind: 'not_found' }, bob, seenAnn, { kind: 'suspended' }]);
    expect(returned).toBe(2);
    expect(simulator.calls()).toBe(1);
  });

  it('reads the other vocabulary, too, and gets the same', async () => {
    const { x, simulator } = await connect({ vocabulary });
    const { observations, upstream, returned } = await x.lookUpByIds(['1', '3', '8']);
    simulator.setFaults({ vocabulary: vocabulary === 'tweet' ? 'post' : 'tweet' });
    expect(await x.lookUpByIds(['1', '3', '8'])).toMatchObject({ observations, upstream, returned });
  });

  it('takes a silently missing field for no evidence', async () => {
    const { x, simulator } = await connect({ vocabulary });
    simulator.setFaults({ missingField: true });
    const { observations } = await x.lookUpByIds(['1', '5']);
    expect(observations).toMatchObject([{ lastPost: { kind: 'missing' } }, { lastPost: { kind: 'none' } }]);
    simulator.setFaults({ missingField: 0 });
    expect((await x.lookUpByIds(['1'])).observations).toMatchObject([seenAnn]);
  });
});

describe('what is sent', () => {
  it('is never an invalid item, and no request at all if nothing is left', async () => {
    const { x, simulator } = await connect();
    const invalid = { kind: 'unknown', reason: 'invalid_reference' };
    expect((await x.lookUpByIds(['x', '1', '01', '9223372036854775808'])).observations).toMatchObject([
      invalid,
      seenAnn,
      invalid,
      invalid,
    ]);
    expect(simulator.calls()).toBe(1);
    const nothing = await x.lookUpByHandles(['not ok', 'sixteen_letters_', '']);
    const idle = { upstream: { state: 'ok' }, rate: null, returned: 0 };
    expect(nothing).toEqual({ observations: [invalid, invalid, invalid], ...idle });
    expect(await x.lookUpByIds([])).toEqual({ observations: [], ...idle });
    expect(simulator.calls()).toBe(1);
  });

  it('is at most 100 items; more is our bug', async () => {
    const { x, simulator } = await connect();
    const ids = Array.from({ length: 101 }, (_, index) => String(index + 1));
    await expect(x.lookUpByIds(ids)).rejects.toThrow(RangeError);
    await expect(x.lookUpByHandles(ids)).rejects.toThrow(RangeError);
    expect((await x.lookUpByIds(ids.slice(1))).upstream).toEqual({ state: 'ok' });
    expect(simulator.calls()).toBe(1);
  });

  it('carries the token, and goes below the path of the base URL', async () => {
    const { x, simulator } = await connect({}, { bearerToken: 't' });
    expect((await x.lookUpByIds(['1'])).upstream).toEqual({ state: 'ok' });
    const wrong = open(createXApi({ baseUrl: simulator.url, bearerToken: 'u', vocabulary: 'tweet' }));
    expect(await wrong.lookUpByIds(['1'])).toMatchObject({ upstream: { state: 'unauthorized' }, rate: null });
    const below = open(
      createXApi({ baseUrl: `${simulator.url}/below/`, bearerToken: 't', vocabulary: 'tweet' }),
    );
    expect((await below.lookUpByIds(['1'])).upstream).toEqual({ state: 'not_found_path' });
  });
});

describe('faults of single profiles', () => {
  it('hurt only these profiles', async () => {
    const { x, simulator } = await connect();
    simulator.setFaults({ profiles: { 2: 'suspended', 5: 'not_found', 6: 'malformed', 7: 'not_answered' } });
    expect((await x.lookUpByIds(['1', '2', '5', '6', '7'])).observations).toMatchObject([
      seenAnn,
      { kind: 'suspended' },
      { kind: 'not_found' },
      { kind: 'unknown', reason: 'malformed' },
      { kind: 'unknown', reason: 'not_answered' },
    ]);
    simulator.setFaults({ profiles: { 1: 'protected', 2: 'missing_field' } });
    expect((await x.lookUpByHandles(['ann', 'bob'])).observations).toMatchObject([
      { kind: 'seen', protected: true },
      { kind: 'seen', protected: false, lastPost: { kind: 'missing' } },
    ]);
  });

  it('can freeze the world', async () => {
    const { x, simulator } = await connect();
    simulator.setFaults({ frozenAt: now - 86_400_000 });
    expect((await x.lookUpByIds(['2'])).observations).toMatchObject([{ lastPost: { at: now - 86_400_000 } }]);
  });
});

const resetAt = now + 7000;
const everyUpstream: Readonly<Record<FaultKind, object>> = {
  rate_limited: { state: 'rate_limited', resetAt },
  rate_limited_code88: { state: 'rate_limited', resetAt },
  usage_cap: { state: 'cap_exceeded', period: 'Monthly', scope: 'Product' },
  credits: { state: 'out_of_credit' },
  credits_new: { state: 'out_of_credit' },
  unauthorized: { state: 'unauthorized' },
  client_forbidden: { state: 'forbidden', reason: 'client-not-enrolled' },
  unsupported_authentication: { state: 'forbidden', reason: 'unsupported-authentication' },
  spend_cap: { state: 'spend_cap' },
  invalid_request: { state: 'invalid_request', detail: 'The `ids` query parameter value [abc] is not valid' },
  not_found: { state: 'not_found_path' },
  server_error: { state: 'unavailable', status: 500, cause: 'http' },
  bad_gateway: { state: 'unavailable', status: 502, cause: 'http' },
  unavailable: { state: 'unavailable', status: 503, cause: 'http' },
  gateway_timeout: { state: 'unavailable', status: 504, cause: 'http' },
  html_200: { state: 'unavailable', status: 200, cause: 'not_json' },
  empty_body: { state: 'unavailable', status: 200, cause: 'not_json' },
  truncated_json: { state: 'unavailable', status: 200, cause: 'not_json' },
  reset: { state: 'unavailable', status: null, cause: 'network' },
  reset_midway: { state: 'unavailable', status: 200, cause: 'network' },
  timeout: { state: 'unavailable', status: null, cause: 'timeout' },
  missing_field: { state: 'ok' },
  duplicate_items: { state: 'ok' },
  reordered: { state: 'ok' },
  unasked_items: { state: 'ok' },
  errors_only: { state: 'ok' },
  errors_without_type: { state: 'ok' },
  errors_of_other_host: { state: 'ok' },
  errors_of_includes: { state: 'ok' },
  partial_drop: { state: 'ok' },
  malformed_items: { state: 'ok' },
};

describe('faults of requests', () => {
  it.each(everyFault)('%s is told, and nobody is accused', async kind => {
    const faults = { share: 1, kinds: [kind], resetSeconds: 7 };
    const { x } = await connect({ timeoutMs: kind === 'timeout' ? 100 : 5000 }, { faults });
    const { observations, upstream, returned } = await x.lookUpByIds(['1', '2', '3', '9']);
    expect(upstream).toEqual(everyUpstream[kind]);
    expect(observations).toHaveLength(4);
    if (upstream.state !== 'ok') {
      expect(observations).toEqual([failed, failed, failed, failed]);
      expect(returned).toBe(0);
    }
    for (const alive of observations.slice(0, 2)) expect(['seen', 'unknown']).toContain(alive.kind);
  });

  const inside = async (kind: FaultKind) => {
    const { x } = await connect({}, { faults: { share: 1, kinds: [kind] } });
    return x.lookUpByIds(['1', '2', '3', '9']);
  };

  it.each([
    'duplicate_items',
    'reordered',
    'unasked_items',
    'errors_without_type',
    'errors_of_other_host',
    'errors_of_includes',
  ] as const)('%s changes nothing', async kind => {
    const { observations, returned } = await inside(kind);
    const others = [{ kind: 'suspended' }, { kind: 'not_found' }];
    expect(observations).toMatchObject([seenAnn, { kind: 'seen', id: '2' }, ...others]);
    expect(returned).toBe({ duplicate_items: 4, unasked_items: 3 }[kind as string] ?? 2);
  });

  it('half an answer is half the evidence', async () => {
    const unknown = (reason: string) => ({ kind: 'unknown', reason });
    const [first, second] = (await inside('partial_drop')).observations;
    expect(first).toEqual(unknown('not_answered'));
    expect(second).toMatchObject({ kind: 'seen', id: '2' });
    expect((await inside('malformed_items')).observations[0]).toEqual(unknown('malformed'));
    expect((await inside('missing_field')).observations[0]).toMatchObject({ lastPost: { kind: 'missing' } });
    const none = await inside('errors_only');
    expect(none.observations).toEqual(Array.from({ length: 4 }, () => unknown('unexplained_error')));
    expect(none.returned).toBe(0);
  });

  it.each([
    ['reset', { cause: 'network', status: null }],
    ['unavailable', { cause: 'http', status: 503 }],
  ] as const)('an outage (%s) is over when it is over', async (outage, how) => {
    const { x, simulator } = await connect({}, { faults: { outage } });
    const { answeredAt: _, ...down } = await x.lookUpByIds(['1']);
    expect(down).toEqual({
      observations: [failed],
      upstream: { state: 'unavailable', ...how },
      rate: null,
      returned: 0,
    });
    simulator.setFaults({ outage: 'none' });
    expect((await x.lookUpByIds(['1'])).observations).toMatchObject([seenAnn]);
  });

  it('the real limit is told with its end, and again as headers', async () => {
    const { x } = await connect({}, { rateLimit: { limit: 1, windowSeconds: 60 } });
    const end = now + 60_000;
    expect((await x.lookUpByIds(['1'])).rate).toEqual({ limit: 1, remaining: 0, resetAt: end });
    expect(await x.lookUpByIds(['1'])).toMatchObject({
      upstream: { state: 'rate_limited', resetAt: end },
      rate: { limit: 1, remaining: 0, resetAt: end },
    });
  });
});

describe('the client', () => {
  it('does not read on beyond its limit, and goes on afterwards', async () => {
    const { x } = await connect({ maxBodyBytes: 700 });
    const large = await x.lookUpByIds(['1', '2', '4', '5']);
    expect(large.upstream).toEqual({ state: 'unavailable', status: 200, cause: 'too_large' });
    expect((await x.lookUpByIds(['1'])).upstream).toEqual({ state: 'ok' });
  });

  it('counts the body into its timeout', async () => {
    const server = createServer(socket => {
      socket.on('error', () => socket.destroy());
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"data"');
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    open({ close: async () => void server.close() });
    const { port } = server.address() as { port: number };
    const x = open(
      createXApi({
        baseUrl: `http://127.0.0.1:${port}`,
        bearerToken: 't',
        vocabulary: 'tweet',
        timeoutMs: 100,
      }),
    );
    const { upstream } = await x.lookUpByIds(['1']);
    expect(upstream).toEqual({ state: 'unavailable', status: 200, cause: 'timeout' });
  });

  it('says network when nobody is there', async () => {
    const { x, simulator } = await connect();
    await simulator.close();
    expect((await x.lookUpByIds(['1'])).upstream).toEqual({
      state: 'unavailable',
      status: null,
      cause: 'network',
    });
  });

  it('stops when its caller stops, before or during the request', async () => {
    const { x, simulator } = await connect({}, { faults: { share: 1, kinds: ['timeout'] } });
    const controller = new AbortController();
    const running = x.lookUpByIds(['1', 'x'], { signal: controller.signal });
    await expect.poll(() => simulator.calls()).toBe(1);
    controller.abort();
    const invalid = { kind: 'unknown', reason: 'invalid_reference' };
    expect(await running).toEqual({
      observations: [failed, invalid],
      upstream: { state: 'aborted' },
      rate: null,
      returned: 0,
    });
    const late = await x.lookUpByIds(['1'], { signal: controller.signal });
    expect(late.upstream).toEqual({ state: 'aborted' });
    expect(simulator.calls()).toBe(1);
  });

  it('ends what still runs when it is closed', async () => {
    const { x, simulator } = await connect({}, { faults: { share: 1, kinds: ['timeout'] } });
    const running = x.lookUpByIds(['1']);
    await expect.poll(() => simulator.calls()).toBe(1);
    await x.close();
    expect((await running).upstream).toMatchObject({ state: 'unavailable', cause: 'network' });
    expect((await x.lookUpByIds(['1'])).upstream).toMatchObject({ state: 'unavailable', cause: 'network' });
  });

  it('asks many batches at once over few connections', async () => {
    const { x, simulator } = await connect({ connections: 2 }, { faults: { latencyMs: { min: 0, max: 5 } } });
    const many = await Promise.all(Array.from({ length: 40 }, () => x.lookUpByIds(['1', '2'])));
    expect(many.every(one => one.upstream.state === 'ok' && one.returned === 2)).toBe(true);
    expect(simulator.calls()).toBe(40);
  });

  it('logs a failure without the echoed input', async () => {
    const lines: string[] = [];
    const write = (details: object, message: string): void =>
      void lines.push(JSON.stringify(details) + message);
    const log = { debug: write, info: write, warn: write, error: write };
    const { x, simulator } = await connect({ log });
    await x.lookUpByIds(['1']);
    expect(lines).toEqual([]);
    simulator.setFaults({ share: 1, kinds: ['invalid_request'] });
    await x.lookUpByIds(['1']);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('invalid_request');
    expect(lines[0]).not.toContain('parameters');
  });
});
