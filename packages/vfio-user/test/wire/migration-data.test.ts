import { describe, expect, test } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import { bytesOf } from './support/payloads.ts';
import { Wire } from './support/wire.ts';

const SMALL = '{"capabilities":{"max_data_xfer_size":4}}';

describe('MIG_DATA_READ', () => {
  test('gives the stream piece by piece, and fewer bytes at its end', () => {
    using wire = new Wire();
    const peer = wire.attach();
    wire.device.stream = Uint8Array.of(1, 2, 3, 4, 5);
    expect(peer.ok(17, bytesOf(11, 3)).payload).toEqual(bytesOf(11, 3, Uint8Array.of(1, 2, 3)));
    expect(peer.ok(17, bytesOf(11, 3)).payload).toEqual(bytesOf(10, 2, Uint8Array.of(4, 5)));
    expect(peer.ok(17, bytesOf(11, 3)).payload).toEqual(bytesOf(8, 0));
  });

  test('pads the end for a client of libvfio-user, with nothing that was sent before', () => {
    using wire = new Wire();
    const peer = wire.attach('{"capabilities":{"max_msg_fds":32,"max_data_xfer_size":1024}}');
    wire.device.stream = Uint8Array.of(1, 2, 3, 4, 5);
    expect(peer.ok(17, bytesOf(12, 4)).payload).toEqual(bytesOf(12, 4, Uint8Array.of(1, 2, 3, 4)));
    expect(peer.ok(17, bytesOf(12, 4)).payload).toEqual(bytesOf(12, 1, Uint8Array.of(5, 0, 0, 0)));
    expect(peer.ok(17, bytesOf(12, 4)).payload).toEqual(bytesOf(12, 0, bytesOf(0)));
  });

  test.each([
    ['EINVAL', 'no stream'],
    ['ENOMSG', 'a temporary end'],
  ] as const)('gets %s of the device', (code, fact) => {
    using wire = new Wire();
    const peer = wire.attach();
    wire.device.fail = { op: 'readMigrationData', error: new VfioError(code, 'read', fact) };
    expect(peer.code(17, bytesOf(12, 4))).toBe(code);
  });

  test.each([
    ['a truncated request', bytesOf(12)],
    ["more than the client's transfer size", bytesOf(13, 5)],
    ['argsz without room for the data', bytesOf(11, 4)],
    ['size 2^32 - 1', bytesOf(0xffffffff, 0xffffffff)],
  ])('refuses %s with EINVAL', (_, payload) => {
    using wire = new Wire();
    expect(wire.attach(SMALL).code(17, payload)).toBe('EINVAL');
    expect(wire.device.calls).not.toContain('readMigrationData');
  });
});

describe('MIG_DATA_WRITE', () => {
  test('hands the data to the device unchanged', () => {
    using wire = new Wire();
    const peer = wire.attach();
    expect(peer.ok(18, bytesOf(11, 3, Uint8Array.of(1, 2, 3))).payload).toHaveLength(0);
    peer.ok(18, bytesOf(9, 1, Uint8Array.of(4)));
    expect(wire.device.received).toEqual([1, 2, 3, 4]);
  });

  test('gets the error of the device', () => {
    using wire = new Wire();
    const peer = wire.attach();
    const error = new VfioError('EINVAL', 'write', 'not resuming');
    wire.device.fail = { op: 'writeMigrationData', error };
    expect(peer.code(18, bytesOf(12, 4, bytesOf(1)))).toBe('EINVAL');
  });

  test.each([
    ['a truncated request', bytesOf(12)],
    ['missing data', bytesOf(12, 4)],
    ['less data than its size', bytesOf(12, 4, Uint8Array.of(1, 2, 3))],
    ['argsz without room for the data', bytesOf(8, 4, bytesOf(1))],
    ['more than a transfer holds', bytesOf(16, 8, bytesOf(1, 2))],
  ])('refuses %s with EINVAL', (_, payload) => {
    using wire = new Wire();
    expect(wire.attach(SMALL).code(18, payload)).toBe('EINVAL');
    expect(wire.device.received).toEqual([]);
  });
});
