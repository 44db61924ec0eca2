import { outcome } from '@vfio-ts/conformance';
import { ManualClock } from '@vfio-ts/conformance/fakes';
import { VFIO_DMA_MAP_FLAG_READ, VFIO_DMA_MAP_FLAG_WRITE } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { AP_RESPONSE, handleAqic, type ApStatus, type InterruptRequest } from '../../src/index.ts';
import { Administrator, EXAMPLE, passing, type Guest } from '../support/administrator.ts';
import type { ScriptedQueue } from '../support/scripted-card.ts';

const APQN = 0x0504;
/** Where guest memory is, and how long. */
const BASE = 0x10_0000;
const SIZE = 0x4000;
const NIB = BASE + 0x1234;
const READ = VFIO_DMA_MAP_FLAG_READ;
const READ_WRITE = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;

interface Running {
  readonly machine: Administrator;
  readonly clock: ManualClock;
  readonly guest: Guest;
  readonly queue: ScriptedQueue;
  readonly memory: Uint8Array;
  /** Subclasses that were raised. */
  readonly raised: number[];
  aqic(request?: InterruptRequest, apqn?: number): Promise<number>;
}

/** A guest with memory, and one queue. */
async function running(flags: number = READ_WRITE): Promise<Running> {
  const clock = new ManualClock();
  const machine = await Administrator.of({ ...EXAMPLE, clock });
  await machine.createWith(1, ['ap_config', '04,08,']);
  const guest = machine.open(1);
  const memory = guest.session.memory(SIZE);
  guest.file.mapDma({ iova: BASE, size: SIZE, flags, memory });
  machine.takeHistory();
  const raised: number[] = [];
  const raise = (isc: number): void => void raised.push(isc);
  return {
    machine,
    clock,
    guest,
    queue: machine.queue(5, 4),
    memory: memory.bytes,
    raised,
    async aqic(request, apqn = APQN) {
      const status = handleAqic(machine.mdev(1), apqn, request, raise);
      return (await passing<ApStatus>(clock, status)).responseCode;
    },
  };
}

async function stop({ machine, clock, guest }: Running): Promise<void> {
  await guest.close();
  await passing(clock, machine[Symbol.asyncDispose]());
}

function pins({ machine }: Running): number {
  return machine.core.leaks().filter(({ kind }) => kind === 'pin').length;
}

describe('enabling', () => {
  test('a reply sets the byte and raises the subclass, until it is disabled', async () => {
    const run = await running();
    expect(await run.aqic({ iova: NIB, isc: 5 })).toBe(AP_RESPONSE.NORMAL);
    expect([pins(run), run.raised]).toEqual([1, []]);
    run.queue.enqueue({ psmid: 1n, bytes: new Uint8Array(1) });
    run.queue.answer(new Uint8Array(1));
    expect([run.memory[NIB - BASE], run.raised]).toEqual([0x80, [5]]);
    expect(await run.aqic()).toBe(AP_RESPONSE.NORMAL);
    expect([pins(run), run.queue.indicate]).toEqual([0, undefined]);
    await stop(run);
  });

  test('what is enabled already is 07, and the first byte stays', async () => {
    const run = await running();
    await run.aqic({ iova: NIB, isc: 5 });
    expect(await run.aqic({ iova: BASE, isc: 6 })).toBe(AP_RESPONSE.OTHERWISE_CHANGED);
    expect(pins(run)).toBe(1);
    run.queue.indicate?.();
    expect([run.memory[0], run.memory[NIB - BASE], run.raised]).toEqual([0, 0x80, [5]]);
    await stop(run);
  });

  test.each([
    ['address 0', 0, READ_WRITE],
    ['an address outside of guest memory', BASE + SIZE, READ_WRITE],
    ['memory that cannot be written', NIB, READ],
  ])('%s is 06, and the queue is not asked', async (_, iova, flags) => {
    const run = await running(flags);
    expect(await run.aqic({ iova, isc: 0 })).toBe(AP_RESPONSE.INVALID_ADDRESS);
    expect([pins(run), run.queue.take()]).toEqual([0, []]);
    await stop(run);
  });

  test.each([
    ['of another device', 0x0604],
    ['that is not there', 0x1234],
  ])('a queue %s is 01', async (_, apqn) => {
    const run = await running();
    expect(await run.aqic({ iova: NIB, isc: 0 }, apqn)).toBe(AP_RESPONSE.Q_NOT_AVAIL);
    expect(pins(run)).toBe(0);
    await stop(run);
  });

  test('without a guest every queue is 01', async () => {
    const run = await running();
    await run.guest.close();
    expect(await run.aqic({ iova: NIB, isc: 0 })).toBe(AP_RESPONSE.Q_NOT_AVAIL);
    await stop(run);
  });

  test('what the queue refuses is what the guest sees, and everything is disabled', async () => {
    const run = await running();
    await run.aqic({ iova: NIB, isc: 5 });
    run.queue.script.aqic.push(AP_RESPONSE.BUSY);
    expect(await run.aqic({ iova: BASE, isc: 5 })).toBe(AP_RESPONSE.BUSY);
    expect([pins(run), run.queue.indicate]).toEqual([0, undefined]);
    expect(run.machine.logger.take('warn').length).toBe(1);
    await stop(run);
  });
});

test('what a guest asked for before it closed does not happen to the next one', async () => {
  const run = await running();
  const { machine, clock, guest, queue } = run;
  queue.script.tapq.push(2, 2);
  const resetting = outcome(() => guest.file.reset());
  const raise = (isc: number): void => void run.raised.push(isc);
  const asked = handleAqic(machine.mdev(1), APQN, { iova: NIB, isc: 5 }, raise);
  await guest.close();
  const next = machine.open(1);
  const memory = next.session.memory(SIZE);
  next.file.mapDma({ iova: BASE, size: SIZE, flags: READ_WRITE, memory });
  await passing(clock, resetting);
  expect((await passing(clock, asked)).responseCode).toBe(AP_RESPONSE.Q_NOT_AVAIL);
  expect([pins(run), queue.indicate]).toEqual([0, undefined]);
  await stop({ ...run, guest: next });
});

describe('disabling', () => {
  test('what is disabled already is 07', async () => {
    const run = await running();
    expect(await run.aqic()).toBe(AP_RESPONSE.OTHERWISE_CHANGED);
    await stop(run);
  });

  test('looks until the queue says that they are off', async () => {
    const run = await running();
    await run.aqic({ iova: NIB, isc: 5 });
    run.queue.take();
    run.queue.irqEnabled = true;
    run.queue.script.tapq.push(AP_RESPONSE.BUSY);
    await run.aqic();
    const looks = ['tapq@0', 'tapq@20', 'tapq@40', 'tapq@60', 'tapq@80'];
    expect(run.queue.take()).toEqual(['aqic@0', ...looks]);
    expect([pins(run), run.machine.logger.take('warn').length]).toEqual([0, 1]);
    await stop(run);
  });

  test('tries six times where the queue is busy, and gives the byte back all the same', async () => {
    const run = await running();
    await run.aqic({ iova: NIB, isc: 5 });
    run.queue.take();
    run.queue.script.aqic.push(5, 2, 5, 2, 5, 2);
    expect(await run.aqic()).toBe(AP_RESPONSE.RESET_IN_PROGRESS);
    const tries = ['aqic@0', 'aqic@20', 'aqic@40', 'aqic@60', 'aqic@80', 'aqic@100'];
    expect([pins(run), run.queue.take()]).toEqual([0, tries]);
    run.machine.logger.take('warn');
    await stop(run);
  });
});

describe('the byte is given back, and nothing is raised any more', () => {
  const ends: readonly (readonly [string, (run: Running) => Promise<unknown>])[] = [
    ['its memory goes', async ({ guest }) => guest.file.unmapDma({ iova: BASE, size: SIZE })],
    [
      'the device is reset',
      ({ clock, guest }) =>
        passing(
          clock,
          outcome(() => guest.file.reset()),
        ),
    ],
    ['the guest closes', ({ guest }) => guest.close()],
    [
      'the queue is unassigned',
      ({ clock, machine }) => passing(clock, machine.write(1, 'unassign_domain', '4')),
    ],
    [
      'the queue loses its driver',
      ({ clock, machine }) => passing(clock, machine.ap.unbind('vfio_ap', '05.0004')),
    ],
    [
      'the card is gone',
      ({ queue, clock, guest }) => {
        queue.script.zapq.push(AP_RESPONSE.DECONFIGURED);
        return passing(
          clock,
          outcome(() => guest.file.reset()),
        );
      },
    ],
  ];
  test.each(ends)('when %s', async (_, end) => {
    const run = await running();
    await run.aqic({ iova: NIB, isc: 5 });
    const { indicate } = run.queue;
    await end(run);
    expect(pins(run)).toBe(0);
    indicate?.();
    expect(run.raised).toEqual([]);
    await stop(run);
  });

  test('a queue that is busy when its memory goes is told again', async () => {
    const run = await running();
    await run.aqic({ iova: NIB, isc: 5 });
    run.queue.script.aqic.push(AP_RESPONSE.BUSY, AP_RESPONSE.BUSY);
    run.guest.file.unmapDma({ iova: BASE, size: SIZE });
    expect(pins(run)).toBe(0);
    await passing(
      run.clock,
      run.machine.ap.exclusive(() => undefined),
    );
    expect(run.queue.indicate).toBeUndefined();
    await stop(run);
  });

  test('but not when other memory goes', async () => {
    const run = await running();
    const other = run.guest.session.memory(SIZE);
    const iova = BASE + SIZE;
    run.guest.file.mapDma({ iova, size: SIZE, flags: READ_WRITE, memory: other });
    await run.aqic({ iova: NIB, isc: 5 });
    run.guest.file.unmapDma({ iova, size: SIZE });
    expect([pins(run), run.queue.indicate === undefined]).toEqual([1, false]);
    await stop(run);
  });
});
