import { describe, expect, test } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import { bytesOf, irqSet } from './support/payloads.ts';
import { Wire } from './support/wire.ts';

const NONE = 1;
const BOOL = 2;
const EVENTFD = 4;
const MASK = 8;
const UNMASK = 0x10;
const TRIGGER = 0x20;
const [INTX, EMPTY, MSIX, ERR, REQ] = [0, 1, 2, 3, 4];

describe('DEVICE_SET_IRQS', () => {
  test.each([
    ['8 bytes of payload', bytesOf(0, 0)],
    ['argsz 3', irqSet(TRIGGER | NONE, REQ, 0, 0, undefined, 3)],
    ['argsz 19', irqSet(TRIGGER | NONE, INTX, 0, 0, undefined, 19)],
    ['index 5', irqSet(TRIGGER | NONE, 5, 0, 0)],
    ['an index without irqs', irqSet(TRIGGER | NONE, EMPTY, 0, 0)],
    ['mask and unmask', irqSet(MASK | UNMASK | NONE, MSIX, 0, 1)],
    ['no action', irqSet(NONE, MSIX, 0, 1)],
    ['no data type', irqSet(TRIGGER, MSIX, 0, 1)],
    ['none and bool', irqSet(MASK | NONE | BOOL, MSIX, 0, 0)],
    ['an unknown flag', irqSet(TRIGGER | NONE | 0x40, MSIX, 0, 1)],
    ['flag bit 31', irqSet(TRIGGER | NONE | 0x80000000, MSIX, 0, 1)],
    ['start 2047 and count 2 of 2048', irqSet(TRIGGER | NONE, MSIX, 2047, 2)],
    ['start 2048 of 2048', irqSet(TRIGGER | NONE, MSIX, 2048, 1)],
    ['start 2049 of 2048', irqSet(TRIGGER | NONE, MSIX, 2049, 1)],
    ['a count that overflows', irqSet(TRIGGER | NONE, MSIX, 284, 0xffffffff)],
    ['2^32 - 1 signals to de-assign', irqSet(TRIGGER | EVENTFD, MSIX, 0, 0xffffffff)],
    ['a mask of ERR', irqSet(MASK | NONE, ERR, 0, 1)],
    ['a mask of REQ', irqSet(MASK | NONE, REQ, 0, 1)],
    ['an unmask of REQ', irqSet(UNMASK | NONE, REQ, 0, 1)],
    ['count 2 of ERR', irqSet(TRIGGER | NONE, ERR, 0, 2)],
    ['count 2 of REQ', irqSet(TRIGGER | NONE, REQ, 0, 2)],
    ['start 1 and count 0', irqSet(TRIGGER | NONE, MSIX, 1, 0)],
    ['a mask of count 0', irqSet(MASK | NONE, MSIX, 0, 0)],
    ['bools of count 0', irqSet(TRIGGER | BOOL, MSIX, 0, 0)],
    ['signals of count 0', irqSet(TRIGGER | EVENTFD, MSIX, 0, 0)],
    ['too few bools', irqSet(TRIGGER | BOOL, MSIX, 0, 2, Uint8Array.of(1))],
    ['too many bools', irqSet(TRIGGER | BOOL, MSIX, 0, 2, Uint8Array.of(1, 1, 1))],
  ])('refuses %s with EINVAL', (_, payload) => {
    using wire = new Wire();
    expect(wire.attach().code(8, payload)).toBe('EINVAL');
    expect(wire.device.lastIrqs).toBeUndefined();
  });

  test.each([
    ['a descriptor with bools', irqSet(TRIGGER | BOOL, MSIX, 0, 1, Uint8Array.of(1)), 1],
    ['a descriptor with no data', irqSet(TRIGGER | NONE, MSIX, 0, 1), 1],
    ['one descriptor for two irqs', irqSet(TRIGGER | EVENTFD, MSIX, 0, 2), 1],
    ['three descriptors for two irqs', irqSet(TRIGGER | EVENTFD, MSIX, 0, 2), 3],
  ])('refuses %s with EINVAL and closes all', (_, payload, count) => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.eventfd();
    expect(
      peer.code(
        8,
        payload,
        Array.from({ length: count }, () => fd),
      ),
    ).toBe('EINVAL');
    expect(wire.extraFds).toBe(1);
    expect(wire.device.lastIrqs).toBeUndefined();
  });

  test('with eventfds makes them the signals of the device', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using first = wire.fds.eventfd();
    using second = wire.fds.eventfd();
    const { payload } = peer.ok(8, irqSet(TRIGGER | EVENTFD, MSIX, 8, 2), [first, second]);
    expect(payload).toHaveLength(0);
    wire.device.signals.get('2/9')?.signal();
    expect([first.file.count, second.file.count]).toEqual([0, 1]);
    expect(wire.extraFds).toBe(4);
  });

  test('with another eventfd replaces the one before, which is closed', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using first = wire.fds.eventfd();
    using second = wire.fds.eventfd();
    peer.ok(8, irqSet(TRIGGER | EVENTFD, MSIX, 0, 1), [first]);
    peer.ok(8, irqSet(TRIGGER | EVENTFD, MSIX, 0, 1), [second]);
    wire.device.signals.get('2/0')?.signal();
    expect([first.file.count, second.file.count]).toEqual([0, 1]);
    expect(wire.extraFds).toBe(3);
  });

  test('without eventfds de-assigns exactly the range', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.eventfd();
    peer.ok(8, irqSet(TRIGGER | EVENTFD, MSIX, 0, 4), [fd, fd, fd, fd]);
    peer.ok(8, irqSet(TRIGGER | EVENTFD, MSIX, 1, 2));
    expect([...wire.device.signals.keys()]).toEqual(['2/0', '2/3']);
    expect(wire.extraFds).toBe(3);
  });

  test('on REQ without an eventfd is no error', () => {
    using wire = new Wire();
    wire.attach().ok(8, irqSet(TRIGGER | EVENTFD, REQ, 0, 1));
    expect(wire.device.lastIrqs).toMatchObject({ index: REQ, count: 1, signals: [null] });
  });

  test('with a descriptor that is no eventfd is refused with EINVAL and closes all', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using good = wire.fds.eventfd();
    using bad = wire.fds.memory('ram', 0x1000);
    expect(peer.code(8, irqSet(TRIGGER | EVENTFD, MSIX, 0, 2), [good, bad])).toBe('EINVAL');
    expect(wire.extraFds).toBe(2);
    expect(wire.device.lastIrqs).toBeUndefined();
  });

  test('that the device refuses closes its eventfds', () => {
    using wire = new Wire();
    const peer = wire.attach();
    wire.device.fail = { op: 'setIrqs', error: new VfioError('ENOTTY', 'setIrqs', 'no resample') };
    using fd = wire.fds.eventfd();
    expect(peer.code(8, irqSet(UNMASK | EVENTFD, INTX, 0, 1), [fd])).toBe('ENOTTY');
    expect(wire.extraFds).toBe(1);
  });

  test.each([
    ['a trigger of no irq, which disables the index', TRIGGER | NONE, REQ, 0, 0],
    ['a loop-back trigger', TRIGGER | NONE, MSIX, 1, 1],
    ['a mask', MASK | NONE, INTX, 0, 1],
    ['an unmask', UNMASK | NONE, INTX, 0, 1],
  ])('hands %s to the device', (_, flags, index, start, count) => {
    using wire = new Wire();
    wire.attach().ok(8, irqSet(flags, index, start, count));
    expect(wire.device.lastIrqs).toEqual({ flags, index, start, count });
  });

  test('hands bools to the device', () => {
    using wire = new Wire();
    const bools = Uint8Array.of(0, 1);
    wire.attach().ok(8, irqSet(TRIGGER | BOOL, MSIX, 3, 2, bools));
    expect(wire.device.lastIrqs).toEqual({
      flags: TRIGGER | BOOL,
      index: MSIX,
      start: 3,
      count: 2,
      bools,
    });
  });

  test('on a device that is not PCI leaves the meaning of the indexes to it', () => {
    using wire = new Wire();
    wire.device.flags = 0x10;
    wire.attach().ok(8, irqSet(MASK | NONE, ERR, 0, 1));
    expect(wire.device.lastIrqs).toMatchObject({ index: ERR });
  });
});
