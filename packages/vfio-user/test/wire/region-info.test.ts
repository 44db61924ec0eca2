import { describe, expect, test } from 'vitest';
import { SPARSE_CAP } from './support/fake-device.ts';
import { fileOf } from './support/fake-fd.ts';
import { bytesOf, u64 } from './support/payloads.ts';
import { Wire } from './support/wire.ts';

const request = (argsz: number, index: number, pad = 32): Uint8Array =>
  bytesOf(argsz, 0, index, 0, new Uint8Array(pad - 16));

const info = (
  argsz: number,
  flags: number,
  index: number,
  capOffset: number,
  size: number,
  offset: number,
): Uint8Array => bytesOf(argsz, flags, index, capOffset, u64(size), u64(offset));

describe('DEVICE_GET_REGION_INFO', () => {
  test('tells size, flags and offset of a plain region', () => {
    using wire = new Wire();
    const { payload, fds } = wire.attach().ok(5, request(40, 0));
    expect(payload).toEqual(info(32, 3, 0, 0, 0x200000, 0));
    expect(fds).toEqual([]);
  });

  test('of a region that is not there has size 0 and no flags', () => {
    using wire = new Wire();
    const { payload } = wire.attach().ok(5, request(32, 8));
    expect(payload).toEqual(info(32, 0, 8, 0, 0, 8 * 2 ** 40));
  });

  test('without room for capabilities says how much it takes, keeps MMAP, and sends no descriptor', () => {
    using wire = new Wire();
    const { payload, fds } = wire.attach().ok(5, request(32, 1));
    expect(payload).toEqual(info(80, 7, 1, 0, 0x8000, 0x8000));
    expect(fds).toEqual([]);
  });

  test.each([32, 80])(
    'of %i bytes with room for capabilities has them and one descriptor',
    (pad) => {
      using wire = new Wire();
      const { payload, fds } = wire.attach().ok(5, request(80, 1, pad));
      expect(payload).toEqual(bytesOf(info(80, 0xf, 1, 32, 0x8000, 0x8000), SPARSE_CAP));
      expect(fds.map(fileOf)).toEqual([fileOf(wire.device.memory.fd)]);
      for (const fd of fds) fd.close();
      expect(wire.extraFds).toBe(0);
    },
  );

  test('of a region that can be mapped as a whole has its descriptor at once', () => {
    using wire = new Wire();
    const { payload, fds } = wire.attach().ok(5, request(32, 2));
    expect(payload).toEqual(info(32, 7, 2, 0, 0x4000, 0));
    expect(fds).toHaveLength(1);
    for (const fd of fds) fd.close();
  });

  test('leaves no descriptor for the reply after it', () => {
    using wire = new Wire();
    const peer = wire.attach();
    for (const fd of peer.ok(5, request(32, 2)).fds) fd.close();
    expect(peer.ok(5, request(32, 0)).fds).toEqual([]);
    expect(peer.ok(13, new Uint8Array(0)).fds).toEqual([]);
  });

  test('of memory without a descriptor does not say MMAP', () => {
    using wire = new Wire();
    const { payload, fds } = wire.attach().ok(5, request(80, 3));
    expect(payload).toEqual(info(32, 3, 3, 0, 0x1000, 0));
    expect(fds).toEqual([]);
  });

  test('for a client that takes no descriptors does not say MMAP', () => {
    using wire = new Wire();
    const peer = wire.attach('{"capabilities":{"max_msg_fds":0}}');
    const { payload, fds } = peer.ok(5, request(80, 2));
    expect(payload).toEqual(info(32, 3, 2, 0, 0x4000, 0));
    expect(fds).toEqual([]);
  });

  test.each([
    ['argsz 8', 8, 0],
    ['argsz 31', 31, 0],
    ['index 9', 32, 9],
    ['index 2^32 - 1', 32, 0xffffffff],
  ])('refuses %s with EINVAL', (_, argsz, index) => {
    using wire = new Wire();
    expect(wire.attach().code(5, request(argsz, index))).toBe('EINVAL');
  });
});
