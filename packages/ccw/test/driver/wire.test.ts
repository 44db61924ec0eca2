// A device behind a socket whose client goes, or resets, while a program runs.

import { isSettled, withContext, type TestContext } from '@vfio-ts/conformance';
import { PAGE_SIZE, VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_DATA_EVENTFD } from '@vfio-ts/core';
import { overTheWire } from '@vfio-ts/vfio-user/testing';
import { expect, test } from 'vitest';
import { encodeCcw1, type CcwDevice } from '../../src/index.ts';
import { ccwHarness } from '../support/harness.ts';
import { errno, ioRequest } from '../support/open-ccw.ts';
import { ScriptedSubchannel } from '../support/scripted-subchannel.ts';
import { finalIrb, haltIrb } from '../support/status.ts';

const START = ioRequest({ programAddress: 0x1000 }, 0x4000);
const IO_EVENTFD = {
  flags: VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
  index: 0,
  start: 0,
  count: 1,
};

function scripted({ subchannel }: CcwDevice): ScriptedSubchannel {
  if (subchannel instanceof ScriptedSubchannel) return subchannel;
  throw new TypeError('another subchannel');
}

/** Connects, gives the device memory with a read in it, and listens. */
async function connected(t: TestContext<CcwDevice>, { vdev }: CcwDevice) {
  const session = await t.connect(vdev);
  const memory = session.memory(16 * PAGE_SIZE);
  memory.bytes.set(encodeCcw1({ command: 2, flags: 0, count: 8, address: 0x8000 }), 0x1000);
  await session.access.mapDma({ iova: 0, size: 16 * PAGE_SIZE, flags: 3, memory });
  const signal = session.signal();
  await session.access.setIrqs({ ...IO_EVENTFD, signals: [signal] });
  return { session, signal, access: session.access };
}

const wire = overTheWire(ccwHarness);

test('a start, its status and its signal cross the socket', () =>
  withContext(wire, undefined, async (t) => {
    const { device } = t.registered();
    const { session, signal, access } = await connected(t, device);
    await access.write(0, 0, START);
    scripted(device).interrupt(finalIrb);
    await session.settle();
    expect(signal.count()).toBe(1);
    const irb = new Uint8Array(96);
    await access.read(0, 24, irb);
    expect(irb).toEqual(finalIrb);
  }));

test('a client that goes leaves a device that the next one can use', () =>
  withContext(wire, undefined, async (t) => {
    const { device } = t.registered();
    const first = await connected(t, device);
    await first.access.write(0, 0, START);
    await first.session.close();
    expect(scripted(device).calls.slice(-2)).toEqual(['cancel', 'halt']);

    const next = await connected(t, device);
    await expect(next.access.write(0, 0, START)).rejects.toThrow(errno('EBUSY'));
    scripted(device).interrupt(haltIrb);
    await next.access.write(0, 0, START);
    await next.session.settle();
    expect(next.signal.count()).toBe(0);
    scripted(device).interrupt(finalIrb);
    await next.session.settle();
    expect(next.signal.count()).toBe(1);
  }));

test('a reset is answered when the subchannel is at rest', () =>
  withContext(wire, undefined, async (t) => {
    const { device } = t.registered();
    const { access, signal } = await connected(t, device);
    await access.write(0, 0, START);
    const halted = Promise.withResolvers<void>();
    scripted(device).during.halt = halted.resolve;
    const resetting = Promise.resolve(access.reset());
    await halted.promise;
    expect(await isSettled(resetting)).toBe(false);
    scripted(device).interrupt(haltIrb);
    await resetting;
    expect(signal.count()).toBe(0);
    await access.write(0, 0, START);
  }));

test.each([
  ['ENODEV', 'halt', 3],
  ['EBUSY', 'halt', 2],
] as const)('an errno crosses the socket: %s', (code, instruction, cc) =>
  withContext(wire, undefined, async (t) => {
    const { device } = t.registered();
    const { access } = await connected(t, device);
    scripted(device).script[instruction] = [cc];
    await expect(access.write(1, 0, Uint8Array.of(0, 0, 0, 1))).rejects.toThrow(errno(code));
  }),
);
