import { describe, expect, test } from 'vitest';
import { VFIO_DEVICE_FLAGS_CAPS } from '@vfio-ts/core';
import { PEER_PROFILES } from '../../src/peer.ts';
import { bytesOf } from './support/payloads.ts';
import { Wire } from './support/wire.ts';

describe('DEVICE_GET_INFO', () => {
  test.each([16, 32, 0xffffffff])('with argsz %i tells flags, regions and irqs', (argsz) => {
    using wire = new Wire();
    const { payload } = wire.attach().ok(4, bytesOf(argsz, 0, 0, 0));
    expect(payload).toEqual(bytesOf(16, 3, 9, 5));
  });

  test.each([0, 8, 15])('with argsz %i is refused with EINVAL', (argsz) => {
    using wire = new Wire();
    expect(wire.attach().code(4, bytesOf(argsz, 0, 0, 0))).toBe('EINVAL');
  });

  test('says nothing of capabilities, which the wire has no room for', () => {
    using wire = new Wire();
    wire.device.flags |= VFIO_DEVICE_FLAGS_CAPS;
    const { payload } = wire.attach().ok(4, bytesOf(32, 0, 0, 0));
    expect(payload).toEqual(bytesOf(16, 3, 9, 5));
  });
});

describe('DEVICE_GET_IRQ_INFO', () => {
  test.each([
    ['INTX', 0, 1],
    ['an index without irqs', 1, 0],
    ['MSI-X', 2, 2048],
    ['ERR', 3, 1],
    ['REQ', 4, 1],
  ])('tells the count of %s', (_, index, count) => {
    using wire = new Wire();
    const { payload } = wire.attach().ok(7, bytesOf(32, 0, index, 0));
    expect(payload).toEqual(bytesOf(16, 1, index, count));
  });

  test.each([
    ['argsz 8', 8, 0],
    ['index 5', 16, 5],
    ['index 2^32 - 1', 16, 0xffffffff],
  ])('refuses %s with EINVAL', (_, argsz, index) => {
    using wire = new Wire();
    expect(wire.attach().code(7, bytesOf(argsz, 0, index, 0))).toBe('EINVAL');
  });

  test('of no index says no interrupts to a client that never looks at the error flag', () => {
    using wire = new Wire({}, PEER_PROFILES.rust);
    const { payload } = wire.attach().ok(7, bytesOf(16, 0, 99, 0));
    expect(payload).toEqual(bytesOf(16, 0, 99, 0));
    expect(wire.logger.at('warn')).toHaveLength(1);
  });
});

describe('DEVICE_RESET', () => {
  test('resets the device and has an empty reply', () => {
    using wire = new Wire();
    expect(wire.attach().ok(13, new Uint8Array(0)).payload).toHaveLength(0);
    expect(wire.device.calls).toContain('reset');
  });

  test('keeps mappings and signals', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.memory('ram', 0x1000);
    peer.ok(2, bytesOf(32, 3, 0, 0, 0, 0, 0x1000, 0), [fd]);
    using event = wire.fds.eventfd();
    peer.ok(8, bytesOf(20, 0x24, 2, 0, 1), [event]);
    peer.ok(13, new Uint8Array(0));
    expect(wire.device.ioas.mappingCount).toBe(1);
    expect(wire.device.signals.size).toBe(1);
  });
});
