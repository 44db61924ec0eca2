import { describe, expect, test } from 'vitest';
import { AP_RESPONSE } from '../../src/hardware/status.ts';
import { SoftCard, type SoftCardState } from '../../src/soft/card.ts';
import type { SoftQueue } from '../../src/soft/queue.ts';
import { queueOf, taken } from './support/cards.ts';
import { HeldRunner, promptRunner, turn } from './support/runners.ts';
import { modExpoRequest, receive50 } from './support/zcrypt50.ts';

const EMPTY = {
  queueEmpty: true,
  repliesWaiting: false,
  queueFull: false,
  irqEnabled: false,
  responseCode: 0,
};

/** 3^exponent, in a message whose number is the exponent. */
function send(queue: SoftQueue, exponent: number): number {
  const bytes = modExpoRequest(3n, BigInt(exponent), (1n << 512n) - 1n, 64);
  return queue.enqueue({ psmid: BigInt(exponent), bytes }).responseCode;
}

function cube(exponent: number): object {
  return { result: 3n ** BigInt(exponent) };
}

/** A queue of depth 3 with as many requests. */
function full(): { readonly queue: SoftQueue; readonly runner: HeldRunner } {
  const runner = new HeldRunner();
  const queue = queueOf({ runner, depth: 3 });
  for (const number of [1, 2, 3]) send(queue, number);
  return { queue, runner };
}

describe('a queue of depth 3', () => {
  test('is empty at first', () => {
    expect(queueOf({ depth: 3 }).test()).toEqual(EMPTY);
  });

  test('tells with the last request it takes that it is full', () => {
    const runner = new HeldRunner();
    const queue = queueOf({ runner, depth: 3 });
    const bytes = new Uint8Array(1);
    const statuses = [1n, 2n, 3n].map((psmid) => queue.enqueue({ psmid, bytes }));
    expect(statuses.map(({ queueFull }) => queueFull)).toEqual([false, false, true]);
  });

  test('refuses a fourth request', async () => {
    const { queue, runner } = full();
    await turn();
    const status = queue.enqueue({ psmid: 4n, bytes: new Uint8Array(1) });
    expect(status).toEqual({ ...EMPTY, queueEmpty: false, queueFull: true, responseCode: 0x10 });
    await turn();
    expect(runner.held.length).toBe(3);
  });

  test('counts replies that nobody has taken', async () => {
    const { queue, runner } = full();
    await turn();
    for (const _ of [1, 2, 3]) runner.finish();
    expect(queue.test()).toMatchObject({ queueFull: true, repliesWaiting: true });
    expect(send(queue, 4)).toBe(AP_RESPONSE.Q_FULL_OR_NO_REPLY);
    queue.dequeue();
    expect(send(queue, 4)).toBe(AP_RESPONSE.NORMAL);
  });

  test('is not empty while work is inside, and has no reply', () => {
    const { queue } = full();
    const { status, message } = queue.dequeue();
    expect(status).toMatchObject({ queueEmpty: false, responseCode: 0x10 });
    expect(message).toBeUndefined();
  });

  test('lets replies overtake each other', async () => {
    const { queue, runner } = full();
    await turn();
    runner.finish(2);
    runner.finish(0);
    const [first, second] = [queue.dequeue(), queue.dequeue()];
    expect([first.message?.psmid, second.message?.psmid]).toEqual([3n, 1n]);
    expect(receive50(taken(first), 64)).toEqual(cube(3));
    expect(second.status).toMatchObject({ repliesWaiting: false, queueEmpty: false });
  });

  test('says that it is empty with the last reply', async () => {
    const queue = queueOf();
    send(queue, 1);
    await turn();
    expect(queue.dequeue().status).toEqual(EMPTY);
    expect(queue.dequeue().status).toEqual({ ...EMPTY, responseCode: 0x10 });
  });

  test.each(['reset', 'zeroize'] as const)('has nothing left after %s', async (instruction) => {
    const { queue, runner } = full();
    await turn();
    runner.finish();
    expect(queue[instruction]()).toEqual(EMPTY);
    expect(queue.dequeue().status.responseCode).toBe(AP_RESPONSE.Q_FULL_OR_NO_REPLY);
    expect(runner.cancelled).toBe(2);
  });

  test('throws away what is computed for requests from before a reset', async () => {
    const { queue, runner } = full();
    await turn();
    queue.zeroize();
    send(queue, 9);
    await turn();
    for (const _ of [1, 2, 3]) runner.finish();
    expect(queue.test()).toMatchObject({ repliesWaiting: false, queueEmpty: false });
    runner.finish();
    expect(queue.dequeue().message?.psmid).toBe(9n);
    expect(queue.test()).toEqual(EMPTY);
  });

  test('does not begin requests that a reset has dropped before', async () => {
    const { queue, runner } = full();
    queue.reset();
    await turn();
    expect(runner.held.length).toBe(0);
  });
});

test('a message may have 12 KiB and no more', () => {
  const queue = queueOf();
  const sizes = [12 * 1024, 12 * 1024 + 1];
  const codes = sizes.map((size) => queue.enqueue({ psmid: 0n, bytes: new Uint8Array(size) }));
  expect(codes.map(({ responseCode }) => responseCode)).toEqual([0, AP_RESPONSE.MESSAGE_TOO_BIG]);
});

test('a request that cannot be computed is answered with a machine failure', async () => {
  const runner = new HeldRunner();
  const queue = queueOf({ runner });
  send(queue, 1);
  await turn();
  runner.fail();
  expect(receive50(taken(queue.dequeue()), 64)).toMatchObject({ type: 0x82, code: 0x10 });
});

function nothing(): void {}

describe('interrupts', () => {
  test('are told once for each reply that becomes available', async () => {
    const queue = queueOf();
    let count = 0;
    expect(queue.setInterrupt(() => count++)).toEqual({ ...EMPTY, irqEnabled: true });
    send(queue, 1);
    expect(count).toBe(0);
    send(queue, 2);
    await turn();
    expect(count).toBe(2);
  });

  test('are told after the reply is there', async () => {
    const queue = queueOf();
    const seen: boolean[] = [];
    queue.setInterrupt(() => seen.push(queue.test().repliesWaiting));
    send(queue, 1);
    await turn();
    expect(seen).toEqual([true]);
  });

  test('are as they were when they are asked for twice', () => {
    const queue = queueOf();
    const codes = [undefined, nothing, nothing, undefined, undefined].map(
      (indicate) => queue.setInterrupt(indicate).responseCode,
    );
    expect(codes).toEqual([7, 0, 7, 0, 7]);
  });

  test.each(['reset', 'zeroize'] as const)('are disabled by %s', async (instruction) => {
    const queue = queueOf();
    let count = 0;
    queue.setInterrupt(() => count++);
    queue[instruction]();
    expect(queue.test().irqEnabled).toBe(false);
    send(queue, 1);
    await turn();
    expect(count).toBe(0);
  });
});

/** The response codes of all instructions. */
function codesOf(queue: SoftQueue): readonly number[] {
  return [
    queue.test().responseCode,
    queue.reset().responseCode,
    queue.zeroize().responseCode,
    queue.setInterrupt(() => undefined).responseCode,
    send(queue, 1),
    queue.dequeue().status.responseCode,
  ];
}

describe('a card', () => {
  test.each<readonly [SoftCardState, number]>([
    ['deconfigured', AP_RESPONSE.DECONFIGURED],
    ['checkstopped', AP_RESPONSE.CHECKSTOPPED],
    ['busy', AP_RESPONSE.BUSY],
  ])('that is %s answers every instruction with %i', (state, code) => {
    const card = new SoftCard({ mode: 'accelerator', runner: promptRunner });
    const queue = card.queue(0);
    card.setState(state);
    expect(queue && new Set(codesOf(queue))).toEqual(new Set([code]));
    card.setState('configured');
    expect(queue?.test()).toEqual(EMPTY);
  });

  test.each<readonly [SoftCardState, boolean]>([
    ['deconfigured', true],
    ['checkstopped', true],
    ['busy', false],
  ])('that was %s has lost its messages: %s', async (state, isLost) => {
    const card = new SoftCard({ mode: 'accelerator', runner: promptRunner });
    const queue = card.queue(0);
    if (queue !== undefined) send(queue, 1);
    card.setState(state);
    await turn();
    card.setState('configured');
    expect(queue?.test().queueEmpty).toBe(isLost);
  });

  test('answers that a reset goes on for as long as it does', () => {
    let now = 1000;
    const resets = { clock: { now: () => now }, milliseconds: 40 };
    const queue = queueOf({ resets });
    expect(queue.test()).toEqual(EMPTY);
    expect(queue.zeroize().responseCode).toBe(AP_RESPONSE.NORMAL);
    now += 39;
    expect(new Set(codesOf(queue))).toEqual(new Set([AP_RESPONSE.RESET_IN_PROGRESS]));
    expect(queue.test()).toMatchObject({ queueEmpty: true });
    now += 1;
    expect(queue.test()).toEqual(EMPTY);
  });

  test('that is closed is deconfigured, and stays so', () => {
    const card = new SoftCard({ mode: 'cca', runner: promptRunner });
    const queue = card.queue(0);
    card.close();
    card.close();
    expect(queue?.test().responseCode).toBe(AP_RESPONSE.DECONFIGURED);
    expect(card.state).toBe('deconfigured');
    expect(() => card.setState('configured')).toThrow(expect.objectContaining({ code: 'ENODEV' }));
  });

  test('has the same queue each time, and none beyond its domains', () => {
    const card = new SoftCard({ mode: 'cca', runner: promptRunner, maxDomain: 15 });
    expect(card.queue(15)).toBe(card.queue(15));
    expect(card.queue(15)).not.toBe(card.queue(14));
    for (const domain of [16, -1, 0.5]) expect(card.queue(domain)).toBeUndefined();
  });

  test.each([
    [{}, { hwtype: 14, mode: 'accelerator', functions: 0xea80_0000, depth: 8, maxMessagePages: 3 }],
    [
      { mode: 'cca', hwtype: 10, depth: 16 },
      { hwtype: 10, functions: 0xf280_0000, depth: 16 },
    ],
    [{ functions: 0x0800_0000 }, { functions: 0x0800_0000 }],
  ] as const)('made with %o tells what it is', (options, info) => {
    const card = new SoftCard({ mode: 'accelerator', runner: promptRunner, ...options });
    expect(card.info).toMatchObject(info);
  });

  test.each([
    { hwtype: 9 },
    { hwtype: 15 },
    { depth: 0 },
    { depth: 17 },
    { depth: 1.5 },
    { maxDomain: -1 },
    { maxDomain: 256 },
  ])('of %o is EINVAL', (options) => {
    const make = (): SoftCard => new SoftCard({ mode: 'cca', runner: promptRunner, ...options });
    expect(make).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });

  test('of a mode that software does not have is EINVAL', () => {
    const runner = promptRunner;
    // @ts-expect-error -- as JavaScript may call it
    expect(() => new SoftCard({ mode: 'ep11', runner })).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    );
  });
});
