import { ManualClock, TrackedMemory } from '@vfio-ts/conformance/fakes';
import { VfioError } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { ApCcaError, ApClient } from '../../src/client/index.ts';
import { decodeRandomReply } from '../../src/client/random-messages.ts';
import { rsaKey } from '../soft/support/keys.ts';
import { bytesOf, fromBytes, power } from '../soft/support/numbers.ts';
import { HeldRunner, promptRunner, turn } from '../soft/support/runners.ts';
import { randomRequest } from '../soft/support/zcrypt6.ts';
import { directSignal, Machine, type MachineOptions } from './support/machine.ts';

const key = rsaKey(512);
const PARTS = {
  p: bytesOf(key.p, 32),
  q: bytesOf(key.q, 32),
  dp: bytesOf(key.dp, 32),
  dq: bytesOf(key.dq, 32),
  u: bytesOf(key.u, 32),
};
const ALL: MachineOptions = {
  runner: promptRunner,
  cards: { 5: {}, 6: { mode: 'cca', fillRandom: (bytes) => void bytes.fill(0x5a) } },
  domains: [4, 0xab],
};

function cube(base: bigint): { base: Uint8Array; exponent: Uint8Array; modulus: Uint8Array } {
  return { base: bytesOf(base, 64), exponent: Uint8Array.of(3), modulus: bytesOf(key.n, 64) };
}

/** What a promise is rejected with. */
function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Lets time pass when everything has come to rest. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  await turn();
  clock.advance(ms);
  await turn();
}

async function withClient(
  options: MachineOptions,
  work: (client: ApClient, machine: Machine, clock: ManualClock) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  await using machine = await Machine.of(options);
  await machine.create(1, Object.keys(options.cards).map(Number), options.domains);
  const { client } = await machine.open(1, clock);
  await work(client, machine, clock);
  await client.close();
  expect(clock.pending).toBe(0);
}

test('a client knows the queues of its device', async () => {
  await withClient(ALL, async (client) => {
    expect(client.queues.map(({ apqn, mode }) => [apqn, mode])).toEqual([
      [0x504, 'accelerator'],
      [0x5ab, 'accelerator'],
      [0x604, 'cca'],
      [0x6ab, 'cca'],
    ]);
    expect(await client.test(0x604)).toEqual({
      apqn: 0x604,
      hwtype: 14,
      mode: 'cca',
      functions: 0xf280_0000,
      depth: 8,
    });
    expect(await client.configuration()).toEqual({
      adapters: [5, 6],
      usageDomains: [4, 0xab],
      controlDomains: [],
    });
  });
});

test('RSA has the result of its formula, in as many bytes as the modulus', async () => {
  await withClient(ALL, async (client) => {
    const input = key.n / 7n;
    const encrypted = await client.modExpo({
      base: bytesOf(input, 64),
      exponent: bytesOf(key.e, 3),
      modulus: bytesOf(key.n, 64),
    });
    expect(encrypted).toEqual(bytesOf(power(input, key.e, key.n), 64));
    expect(await client.crt({ input: encrypted, ...PARTS })).toEqual(bytesOf(input, 64));
  });
});

test.each([0, 1, 4096, 10_000])('%i random bytes can be had', async (size) => {
  await withClient(ALL, async (client) => {
    expect(await client.random(size)).toEqual(new Uint8Array(size).fill(0x5a));
  });
});

test('many requests go through queues of little depth, each with its own result', async () => {
  const options = { ...ALL, cards: { 5: { depth: 2 }, 7: { depth: 3 } } };
  await withClient(options, async (client) => {
    const bases = Array.from({ length: 200 }, (_, i) => BigInt(i));
    const results = await Promise.all(bases.map((base) => client.modExpo(cube(base))));
    expect(results.map(fromBytes)).toEqual(bases.map((base) => base ** 3n));
  });
});

test('without signals the client looks by the clock', async () => {
  const clock = new ManualClock();
  await using machine = await Machine.of(ALL);
  await machine.create(1, [5], [4]);
  const session = await machine.connect(1);
  const memory = new TrackedMemory();
  const client = await ApClient.open(session.access, { memory, clock, interval: 10 });
  const result = client.modExpo(cube(2n));
  const seen: string[] = [];
  void result.then(() => seen.push('result'));
  await turn();
  clock.advance(9);
  await turn();
  seen.push('look');
  clock.advance(1);
  expect(fromBytes(await result)).toBe(8n);
  expect(seen).toEqual(['look', 'result']);
  await client.close();
  await session.close();
  expect(memory.alive).toEqual([]);
});

describe('errors', () => {
  test.each([
    ['an even modulus', { ...cube(2n), modulus: bytesOf(key.n - 1n, 64) }, 0x85],
    ['a base above the modulus', { ...cube(2n), base: bytesOf(key.n, 64) }, 0x82],
  ])('%s is what the card says of it', async (_, operation, replyCode) => {
    await withClient(ALL, async (client) => {
      const error = { name: 'VfioError', code: 'EINVAL', replyType: 0x82, replyCode };
      await expect(client.modExpo(operation)).rejects.toMatchObject(error);
    });
  });

  test('an operand that no message holds is EINVAL', async () => {
    await withClient(ALL, async (client) => {
      const modulus = new Uint8Array(513).fill(1);
      const result = client.modExpo({ ...cube(2n), modulus });
      await expect(result).rejects.toMatchObject({ code: 'EINVAL' });
    });
  });

  test('a mode that no queue has is ENODEV', async () => {
    await withClient({ ...ALL, cards: { 5: {} } }, async (client) => {
      await expect(client.random(16)).rejects.toMatchObject({ code: 'ENODEV', op: 'random' });
    });
  });

  test('a queue that is not the guest’s is ENODEV', async () => {
    await withClient(ALL, async (client) => {
      const result = client.modExpo(cube(2n), { apqn: 0x505 });
      await expect(result).rejects.toMatchObject({ code: 'ENODEV' });
      const error = { code: 'ENODEV', apqn: 0x505, responseCode: 1 };
      await expect(client.test(0x505)).rejects.toMatchObject(error);
      await expect(client.zeroize(0x505)).rejects.toMatchObject(error);
    });
  });

  test('any message can be sent, up to 12 KiB', async () => {
    await withClient(ALL, async (client) => {
      const reply = await client.send(0x504, new Uint8Array(12 * 1024));
      expect([...reply]).toEqual([0, 0x82, 0, 0, 0x20, 0, 0, 0]);
      const longer = client.send(0x504, new Uint8Array(12 * 1024 + 1));
      await expect(longer).rejects.toMatchObject({ code: 'EINVAL' });
    });
  });

  test('an error of CCA is told with its return code and reason', async () => {
    await withClient(ALL, async (client) => {
      const request = randomRequest(8, { domain: 4 });
      request[88 + 220] = 0x51;
      const reply = await client.send(0x604, request);
      expect(() => decodeRandomReply(reply, 8)).toThrow(ApCcaError);
    });
  });

  test('a device without the port is ENODEV, and nothing is left of the attempt', async () => {
    const memory = new TrackedMemory();
    const access = {
      getInfo: () => ({ argsz: 16, flags: 0, numRegions: 0, numIrqs: 2 }),
    };
    // @ts-expect-error -- no more of it is used
    const opened = ApClient.open(access, { memory, clock: new ManualClock() });
    await expect(opened).rejects.toMatchObject({ code: 'ENODEV' });
    expect(memory.alive).toEqual([]);
  });
});

/** Two accelerators that wait to be let go. */
function held(): { readonly runner: HeldRunner; readonly options: MachineOptions } {
  const runner = new HeldRunner();
  return { runner, options: { runner, cards: { 5: {}, 6: {} }, domains: [4] } };
}

describe('what is under way', () => {
  test.each(['reset', 'zeroize'] as const)('is cancelled by %s, and only there', async (method) => {
    const { runner, options } = held();
    await withClient(options, async (client) => {
      const dropped = failure(client.modExpo(cube(2n), { apqn: 0x504 }));
      const kept = client.modExpo(cube(3n), { apqn: 0x604 });
      await turn();
      await client[method](0x504);
      expect(await dropped).toMatchObject({ code: 'ECANCELED' });
      runner.finish();
      runner.finish();
      expect(fromBytes(await kept)).toBe(27n);
      const again = client.modExpo(cube(4n), { apqn: 0x504 });
      await turn();
      runner.finish();
      expect(fromBytes(await again)).toBe(64n);
    });
  });

  test('is cancelled by a reset of the device, which the clock shows', async () => {
    const { options } = held();
    const clock = new ManualClock();
    await using machine = await Machine.of(options);
    await machine.create(1, [5], [4]);
    const { client, session } = await machine.open(1, clock);
    const dropped = failure(client.modExpo(cube(2n)));
    await turn();
    await session.access.reset();
    await pass(clock, 50);
    expect(await dropped).toMatchObject({ code: 'ECANCELED' });
  });

  test('ends with ETIMEDOUT when its time is over, and its late reply is nobody’s', async () => {
    const { runner, options } = held();
    await withClient(options, async (client, _, clock) => {
      const late = client.modExpo(cube(2n), { timeout: 100, apqn: 0x504 });
      const failed = failure(late);
      await turn();
      clock.advance(99);
      const good = client.modExpo(cube(3n), { timeout: 100, apqn: 0x504 });
      await turn();
      clock.advance(1);
      expect(await failed).toMatchObject({ code: 'ETIMEDOUT', op: 'modExpo' });
      runner.finish();
      runner.finish();
      expect(fromBytes(await good)).toBe(27n);
    });
  });

  test('ends with ECANCELED when the client is closed, whether it was sent or not', async () => {
    const { options } = held();
    await withClient(options, async (client) => {
      const requests = Array.from({ length: 20 }, (_, i) => client.modExpo(cube(BigInt(i))));
      const settled = Promise.allSettled(requests);
      await turn();
      await client.close();
      for (const { status, ...rest } of await settled) {
        expect([status, rest]).toMatchObject(['rejected', { reason: { code: 'ECANCELED' } }]);
      }
      await expect(client.modExpo(cube(1n))).rejects.toMatchObject({ code: 'ECANCELED' });
      await expect(client.configuration()).rejects.toMatchObject({ code: 'ECANCELED' });
    });
  });

  test('ends with what the way to the device says when that is gone', async () => {
    const { options } = held();
    const clock = new ManualClock();
    await using machine = await Machine.of(options);
    await machine.create(1, [5], [4]);
    const session = await machine.connect(1);
    const real = session.access;
    let isGone = false;
    const gone = new VfioError('ENOTCONN', 'write', 'the connection is over');
    const access = new Proxy(real, {
      get(_, name) {
        if (isGone) return () => Promise.reject(gone);
        const value: unknown = Reflect.get(real, name);
        return typeof value === 'function' ? value.bind(real) : value;
      },
    });
    const memory = new TrackedMemory();
    const client = await ApClient.open(access, { memory, clock, makeSignal: directSignal });
    const requests = Promise.allSettled([client.modExpo(cube(2n)), client.modExpo(cube(3n))]);
    await turn();
    isGone = true;
    await pass(clock, 50);
    for (const result of await requests) expect(result).toMatchObject({ reason: gone });
    await expect(client.modExpo(cube(4n))).rejects.toBe(gone);
    await client.close();
    await session.close();
    expect(memory.alive).toEqual([]);
  });
});

describe('a queue that goes', () => {
  test('ends what is there with its response code, and others do the rest', async () => {
    const runner = new HeldRunner();
    const options: MachineOptions = { runner, cards: { 5: {}, 6: {} }, domains: [4] };
    await withClient(options, async (client, machine, clock) => {
      const lost = client.modExpo(cube(2n), { apqn: 0x504 });
      const failed = failure(lost);
      await turn();
      await machine.write(1, 'unassign_adapter', 5);
      await turn();
      expect(await failed).toMatchObject({ code: 'ENODEV', apqn: 0x504 });
      expect(client.queues.map(({ apqn }) => apqn)).toEqual([0x604]);
      const other = client.modExpo(cube(3n));
      await turn();
      while (runner.held.length > 0) runner.finish();
      expect(fromBytes(await other)).toBe(27n);
      expect(clock.now()).toBe(0);
    });
  });

  test('and comes again is used again', async () => {
    await withClient({ ...ALL, cards: { 5: {} } }, async (client, machine) => {
      await machine.write(1, 'unassign_adapter', 5);
      await turn();
      await expect(client.modExpo(cube(2n))).rejects.toMatchObject({ code: 'ENODEV' });
      await machine.write(1, 'assign_adapter', 5);
      await turn();
      expect(fromBytes(await client.modExpo(cube(2n)))).toBe(8n);
    });
  });

  test.each([
    ['deconfigured', 'ENODEV', 3],
    ['checkstopped', 'EIO', 4],
  ] as const)('by being %s says so', async (state, code, responseCode) => {
    const runner = new HeldRunner();
    await withClient({ runner, cards: { 5: {} }, domains: [4] }, async (client, machine, clock) => {
      const lost = client.modExpo(cube(2n));
      const failed = failure(lost);
      await turn();
      machine.cards.get(5)?.setState(state);
      await pass(clock, 50);
      expect(await failed).toMatchObject({ code, responseCode });
    });
  });

  test('for a while keeps what it has', async () => {
    const runner = new HeldRunner();
    await withClient({ runner, cards: { 5: {} }, domains: [4] }, async (client, machine, clock) => {
      const request = client.modExpo(cube(2n));
      await turn();
      machine.cards.get(5)?.setState('busy');
      const second = client.modExpo(cube(3n));
      await pass(clock, 50);
      await turn();
      machine.cards.get(5)?.setState('configured');
      runner.finish();
      await pass(clock, 50);
      expect(fromBytes(await request)).toBe(8n);
      runner.finish();
      expect(fromBytes(await second)).toBe(27n);
    });
  });
});

test('somebody who wants the device back is heard', async () => {
  await using machine = await Machine.of(ALL);
  await machine.create(1, [5], [4]);
  const session = await machine.connect(1);
  const asked: number[] = [];
  const client = await ApClient.open(session.access, {
    memory: new TrackedMemory(),
    clock: new ManualClock(),
    makeSignal: directSignal,
    onRequest: () => asked.push(asked.length),
  });
  const removed = machine.remove(1);
  await turn();
  expect(asked).toEqual([0]);
  await client.close();
  await session.close();
  await removed;
});
