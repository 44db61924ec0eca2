// Eventfds by which a client tells a device something, on a real socket.

import { describe, expect, test } from 'vitest';
import { setIntx } from '@vfio-ts/core';
import type { VfioUserClient } from '../../src/client.ts';
import { EventFd } from '../../src/eventfd.ts';
import type { Fd } from '../../src/fd.ts';
import { PROT_READ, PROT_WRITE } from '../../src/native/constants.ts';
import { mapShared } from '../../src/native/memory.ts';
import { turns, until } from '../native/support.ts';
import { PAGE, Served } from './support/served.ts';

const [NONE, EVENTFD, UNMASK, TRIGGER] = [1, 4, 0x10, 0x20];

function signalOf(fd: Fd | undefined): EventFd {
  if (fd === undefined) throw new Error('no descriptor');
  return new EventFd(fd.dup());
}

async function unmaskSignal(client: VfioUserClient): Promise<EventFd> {
  const mine = EventFd.create();
  const signals = [new EventFd(mine.fd.dup())];
  await client.setIrqs({ flags: EVENTFD | UNMASK, index: 0, start: 0, count: 1, signals });
  return mine;
}

describe('an ioeventfd', () => {
  test('is known to the client with all there is to it', async () => {
    await using served = new Served();
    await using client = await served.client();
    using ioFds = await client.getRegionIoFds(0);
    expect(ioFds.fds).toHaveLength(3);
    expect(ioFds.entries).toEqual([
      {
        offset: 0x200,
        size: 4,
        fdIndex: 0,
        type: 'shadow-ioeventfd',
        flags: 0,
        datamatch: 0n,
        shadow: { fdIndex: 1, offset: 0x10 },
      },
      { offset: 0x104, size: 4, fdIndex: 2, type: 'ioeventfd', flags: 1, datamatch: 7n },
      { offset: 0x100, size: 4, fdIndex: 2, type: 'ioeventfd', flags: 0, datamatch: 0n },
    ]);
  });

  test('tells the device of every signal that comes alone', async () => {
    await using served = new Served();
    await using client = await served.client();
    using ioFds = await client.getRegionIoFds(0);
    using signal = signalOf(ioFds.fds[2]);
    const { events } = served.ref.device;
    for (let count = 1; count <= 3; count++) {
      signal.signal();
      // oxlint-disable-next-line no-await-in-loop
      await until(() => events.length === count);
    }
    await turns(3);
    expect(events).toEqual([0, 0, 0]);
  });

  test('with a shadow has the value before the signal', async () => {
    await using served = new Served();
    await using client = await served.client();
    using ioFds = await client.getRegionIoFds(0);
    using signal = signalOf(ioFds.fds[0]);
    const memory = ioFds.fds[1];
    if (memory === undefined) throw new Error('no memory');
    using mapping = mapShared(memory.number, 0, PAGE, PROT_READ | PROT_WRITE);
    mapping.bytes[0x10] = 0x5a;
    signal.signal();
    await until(() => served.ref.device.events.length === 1);
    expect(served.ref.device.events).toEqual([1]);
    expect(served.ref.device.shadow.bytes[0x10]).toBe(0x5a);
  });

  test('of a client that has gone tells nothing any more', async () => {
    await using served = new Served();
    const client = await served.client();
    using ioFds = await client.getRegionIoFds(0);
    await client.close();
    await until(() => served.server.connections === 0);
    using signal = signalOf(ioFds.fds[2]);
    signal.signal();
    await turns(5);
    expect(served.ref.device.events).toEqual([]);
  });

  test('whose counter is at its maximum does not keep the loop awake, nor the client waiting', async () => {
    await using served = new Served();
    await using client = await served.client();
    using ioFds = await client.getRegionIoFds(0);
    using signal = signalOf(ioFds.fds[2]);
    signal.add(2n ** 64n - 2n);
    const { events } = served.ref.device;
    await until(() => events.length === 1);
    await turns(20);
    expect(events.length).toBe(1);
    await client.getInfo();
  });
});

describe('a region without places', () => {
  test('has none, and one there is not is EINVAL', async () => {
    await using served = new Served();
    await using client = await served.client();
    using ioFds = await client.getRegionIoFds(2);
    expect(ioFds.entries).toEqual([]);
    await expect(client.getRegionIoFds(5)).rejects.toMatchObject({ code: 'EINVAL' });
  });
});

describe('an unmask eventfd, as KVM signals it at the end of an interrupt', () => {
  test('delivers a level again that is still up', async () => {
    await using served = new Served();
    await using client = await served.client();
    using irq = EventFd.create();
    const signals = [new EventFd(irq.fd.dup())];
    await client.setIrqs({ flags: EVENTFD | TRIGGER, index: 0, start: 0, count: 1, signals });
    using unmask = await unmaskSignal(client);
    setIntx(served.vdev, true);
    await turns(3);
    expect(irq.read()).toBe(1);
    for (let i = 0; i < 2; i++) {
      unmask.signal();
      let delivered = 0;
      // oxlint-disable-next-line no-await-in-loop
      await until(() => (delivered += irq.read()) === 1);
    }
    setIntx(served.vdev, false);
    unmask.signal();
    await turns(5);
    expect(irq.read()).toBe(0);
  });

  test('that is replaced is not listened to', async () => {
    await using served = new Served();
    await using client = await served.client();
    using irq = EventFd.create();
    const signals = [new EventFd(irq.fd.dup())];
    await client.setIrqs({ flags: EVENTFD | TRIGGER, index: 0, start: 0, count: 1, signals });
    using old = await unmaskSignal(client);
    using unmask = await unmaskSignal(client);
    setIntx(served.vdev, true);
    expect(irq.read()).toBe(1);
    old.signal();
    await turns(5);
    expect(irq.read()).toBe(0);
    unmask.signal();
    await until(() => irq.read() === 1);
    await client.setIrqs({ flags: NONE | TRIGGER, index: 0, start: 0, count: 0 });
    setIntx(served.vdev, false);
  });
});
