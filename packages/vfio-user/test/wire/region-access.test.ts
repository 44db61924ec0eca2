import { describe, expect, test } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import { PEER_PROFILES } from '../../src/peer.ts';
import { bytesOf, regionAccess, u64 } from './support/payloads.ts';
import { Wire } from './support/wire.ts';

const MIB = 1 << 20;
const failure = new VfioError('EINVAL', 'read', 'no such register');

describe('REGION_READ', () => {
  test.each([1, 2, 3, 4, 8, 9, 256, 4096, MIB])('of %i bytes has head and data', (count) => {
    using wire = new Wire();
    wire.device.bytes.fill(0).set(
      Uint8Array.from({ length: 64 }, (_, i) => i + 1),
      0x10,
    );
    const expected = wire.device.bytes.slice(0x10, 0x10 + count);
    const { payload } = wire.attach().ok(9, regionAccess(0, 0x10, count));
    expect(payload.subarray(0, 16)).toEqual(regionAccess(0, 0x10, count));
    expect(Buffer.compare(payload.subarray(16), expected)).toBe(0);
  });

  test('after one of another length shows the device, not the reply before', () => {
    using wire = new Wire();
    const peer = wire.attach();
    wire.device.bytes.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    for (const count of [8, 2, 9, 4, 16, 9, 5000, 1]) {
      const { payload } = peer.ok(9, regionAccess(0, 0, count));
      expect(payload).toEqual(
        bytesOf(regionAccess(0, 0, count), wire.device.bytes.slice(0, count)),
      );
    }
  });

  test('of no bytes has a reply without payload', () => {
    using wire = new Wire();
    expect(wire.attach().ok(9, regionAccess(0, 0, 0)).payload).toHaveLength(0);
    expect(wire.device.calls).not.toContain('read');
  });

  test.each([
    ['a count above 1 MiB', regionAccess(0, 0, MIB + 8)],
    ['offset 2^64 - 1', regionAccess(0, 2n ** 64n - 1n, 4)],
    ['offset 2^53', regionAccess(0, 2 ** 53, 4)],
    ['an offset past the end', regionAccess(7, 256, 1)],
    ['a range that crosses the end', regionAccess(7, 254, 4)],
    ['no bytes past the end', regionAccess(7, 257, 0)],
    ['a region that is not there', regionAccess(0xdeadbeef, 0, 4)],
    ['no bytes of a region that is not there', regionAccess(9, 0, 0)],
  ])('refuses %s with EINVAL', (_, payload) => {
    using wire = new Wire();
    expect(wire.attach().code(9, payload)).toBe('EINVAL');
  });

  test('that wants no reply reads and says nothing', () => {
    using wire = new Wire();
    expect(wire.attach().send(9, regionAccess(0, 0, 4), [], 0x10)).toEqual([]);
    expect(wire.device.calls).toContain('read');
  });
});

describe('REGION_WRITE', () => {
  test.each([1, 2, 4, 8, 9, 4096, MIB])('of %i bytes writes them and echoes its head', (count) => {
    using wire = new Wire();
    const data = Uint8Array.from({ length: count }, (_, i) => i + 1);
    const { payload } = wire.attach().ok(10, regionAccess(0, 0x20, count, data));
    expect(payload).toEqual(regionAccess(0, 0x20, count));
    expect(Buffer.compare(wire.device.bytes.subarray(0x20, 0x20 + count), data)).toBe(0);
  });

  test('of no bytes has a reply without payload', () => {
    using wire = new Wire();
    expect(wire.attach().ok(10, regionAccess(0, 0, 0)).payload).toHaveLength(0);
    expect(wire.device.calls).not.toContain('write');
  });

  test('that is posted writes and gets no reply', () => {
    using wire = new Wire();
    const payload = regionAccess(0, 8, 4, bytesOf(0x11223344));
    expect(wire.attach().send(10, payload, [], 0x10)).toEqual([]);
    expect(wire.device.bytes.subarray(8, 12)).toEqual(bytesOf(0x11223344));
  });

  test('that is posted and fails gets no reply', () => {
    using wire = new Wire();
    const peer = wire.attach();
    wire.device.fail = { op: 'write', error: failure };
    expect(peer.send(10, regionAccess(0, 8, 4, bytesOf(1)), [], 0x10)).toEqual([]);
    peer.ok(13, new Uint8Array(0));
  });

  test.each([
    ['8 bytes of payload', bytesOf(u64(0))],
    ['less data than its count', regionAccess(0, 0, 8, bytesOf(1))],
    ['more data than its count', regionAccess(0, 0, 4, bytesOf(1, 2))],
    ['offset 2^64 - 1', regionAccess(0, 2n ** 64n - 1n, 4, bytesOf(1))],
    ['an offset past the end', regionAccess(7, 256, 4, bytesOf(1))],
    ['no bytes past the end', regionAccess(7, 257, 0)],
    ['a count beyond the message', regionAccess(0, 0, 0xffffffff, bytesOf(1))],
  ])('refuses %s with EINVAL and changes nothing', (_, payload) => {
    using wire = new Wire();
    expect(wire.attach().code(10, payload)).toBe('EINVAL');
    expect(wire.device.bytes.every((byte) => byte === 0)).toBe(true);
  });
});

describe('a client that never looks at the error flag', () => {
  test('reads all ones where a read fails, and the log has the reason', () => {
    using wire = new Wire({}, PEER_PROFILES.rust);
    const peer = wire.attach();
    wire.device.fail = { op: 'read', error: failure };
    const { payload } = peer.ok(9, regionAccess(0, 4, 4));
    expect(payload).toEqual(bytesOf(regionAccess(0, 4, 4), 0xffffffff));
    expect(wire.logger.at('warn')).toMatchObject([{ error: failure }]);
  });

  test('gets a normal reply where a write fails', () => {
    using wire = new Wire({}, PEER_PROFILES.rust);
    const peer = wire.attach();
    wire.device.fail = { op: 'write', error: failure };
    const { payload } = peer.ok(10, regionAccess(0, 4, 4, bytesOf(1)));
    expect(payload).toEqual(regionAccess(0, 4, 4));
  });

  test('reads all ones past the end', () => {
    using wire = new Wire({}, PEER_PROFILES.rust);
    const { payload } = wire.attach().ok(9, regionAccess(7, 256, 2));
    expect(payload).toEqual(bytesOf(regionAccess(7, 256, 2), Uint8Array.of(0xff, 0xff)));
  });

  test.each([9, 10])('gets the head of command %i for an access of no bytes', (command) => {
    using wire = new Wire({}, PEER_PROFILES.rust);
    const { payload } = wire.attach().ok(command, regionAccess(0, 4, 0));
    expect(payload).toEqual(regionAccess(0, 4, 0));
  });

  test('is refused a read that no reply can hold', () => {
    using wire = new Wire({}, PEER_PROFILES.rust);
    expect(wire.attach().code(9, regionAccess(0, 0, MIB + 1))).toBe('EINVAL');
  });
});
