import { describe, expect, test, vi } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import { bytesOf, dmaMap } from './support/payloads.ts';
import { Wire } from './support/wire.ts';

const PAGE = 0x1000;
const TIB = 2 ** 40;

describe('DMA_MAP', () => {
  test('with a descriptor makes the memory reachable for the device', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.memory('ram', 4 * PAGE);
    const { payload } = peer.ok(2, dmaMap(0x10000, 2 * PAGE, 3, PAGE), [fd]);
    expect(payload).toHaveLength(0);
    wire.device.ioas.rw(0x10000, Uint8Array.of(1, 2, 3), true);
    expect(fd.file.bytes.subarray(PAGE, PAGE + 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(wire.device.ioas.mappings()).toMatchObject([
      { iova: 0x10000, size: 2 * PAGE, flags: 3, backing: { kind: 'mapped' } },
    ]);
  });

  test('without a descriptor is taken, and an access at once says that it is not shared', () => {
    using wire = new Wire();
    wire.attach().ok(2, dmaMap(0, 0xc0000));
    expect(() => wire.device.ioas.rw(0, new Uint8Array(4), false)).toThrow(
      expect.objectContaining({
        code: 'EOPNOTSUPP',
        message: expect.stringContaining('not shared'),
      }),
    );
    expect(wire.logger.at('info').map(({ message }) => message)).toContainEqual(
      expect.stringContaining('memory-backend-memfd,share=on'),
    );
  });

  test.each([1, 2, 3, 4 | 3, 8 | 3])('takes flags %i', (flags) => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.memory('ram', PAGE);
    peer.ok(2, dmaMap(0, PAGE, flags), [fd]);
    expect(wire.device.ioas.mappings()).toMatchObject([{ flags: flags & 3 }]);
  });

  test('again just the same is a success without effect', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.memory('ram', PAGE);
    peer.ok(2, dmaMap(0, PAGE), [fd]);
    peer.ok(2, dmaMap(0, PAGE), [fd]);
    expect(wire.device.ioas.mappingCount).toBe(1);
    expect(wire.extraFds).toBe(2);
  });

  test.each([
    ['with another offset', dmaMap(0x2000, 2 * PAGE, 3, PAGE)],
    ['with other flags', dmaMap(0x2000, 2 * PAGE, 1)],
    ['from below', dmaMap(0x1000, 2 * PAGE)],
    ['from above', dmaMap(0x3000, 2 * PAGE)],
    ['inside', dmaMap(0x2000, PAGE)],
    ['around', dmaMap(0x0000, 8 * PAGE)],
  ])('over an existing mapping %s is refused with EEXIST', (_, payload) => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.memory('ram', 16 * PAGE);
    peer.ok(2, dmaMap(0x2000, 2 * PAGE), [fd]);
    expect(peer.code(2, payload, [fd])).toBe('EEXIST');
    expect(wire.device.ioas.mappingCount).toBe(1);
    expect(wire.extraFds).toBe(2);
  });

  test('of another file over an existing mapping is refused with EEXIST', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using ram = wire.fds.memory('ram', PAGE);
    using rom = wire.fds.memory('rom', PAGE);
    peer.ok(2, dmaMap(0, PAGE), [ram]);
    expect(peer.code(2, dmaMap(0, PAGE), [rom])).toBe('EEXIST');
    expect(peer.code(2, dmaMap(0, PAGE))).toBe('EEXIST');
  });

  test('next to an existing mapping is taken', () => {
    using wire = new Wire();
    const peer = wire.attach();
    peer.ok(2, dmaMap(0x2000, PAGE));
    peer.ok(2, dmaMap(0x1000, PAGE));
    peer.ok(2, dmaMap(0x3000, PAGE));
    expect(wire.device.ioas.mappingCount).toBe(3);
  });

  test.each([
    ['argsz 31', dmaMap(0, PAGE, 3, 0, 31)],
    ['no flags', dmaMap(0, PAGE, 0)],
    ['flag 0x10', dmaMap(0, PAGE, 0x13)],
    ['size 0', dmaMap(0, 0)],
    ['an address that is not page aligned', dmaMap(0x800, PAGE)],
    ['a size that is not page aligned', dmaMap(0, PAGE + 1)],
    ['a range beyond 2^52', dmaMap(2 ** 52 - PAGE, 2 * PAGE)],
    ['address 2^64 - 4096', dmaMap(2n ** 64n - 4096n, PAGE)],
    ['offset 2^63', dmaMap(0, PAGE, 3, 2n ** 63n)],
    ['a range past the end of the file', dmaMap(0, 2 * PAGE)],
    ['an offset past the end of the file', dmaMap(0, PAGE, 3, PAGE)],
  ])('refuses %s with EINVAL and closes the descriptor', (_, payload) => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.memory('ram', PAGE);
    expect(peer.code(2, payload, [fd])).toBe('EINVAL');
    expect(wire.device.ioas.mappingCount).toBe(0);
    expect(wire.extraFds).toBe(1);
  });

  test.each([
    ['MMAP', 4],
    ['FILE_IO', 8],
  ])('refuses %s without a descriptor with EINVAL', (_, flag) => {
    using wire = new Wire();
    expect(wire.attach().code(2, dmaMap(0, PAGE, 3 | flag))).toBe('EINVAL');
  });

  test('refuses two descriptors with EINVAL and closes both', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.memory('ram', PAGE);
    expect(peer.code(2, dmaMap(0, PAGE), [fd, fd])).toBe('EINVAL');
    expect(wire.extraFds).toBe(1);
  });

  test.each([8 * TIB + PAGE, 2n ** 63n, 2n ** 64n - 4096n])(
    'refuses size %d, above 8 TiB, with ENOSPC',
    (size) => {
      using wire = new Wire();
      expect(wire.attach().code(2, dmaMap(0, size))).toBe('ENOSPC');
    },
  );

  test('that the address space refuses at last gives the memory back', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.memory('ram', PAGE);
    const map = vi.spyOn(wire.device.ioas, 'map').mockImplementationOnce(() => {
      throw new VfioError('ENOMEM', 'map', 'no memory');
    });
    expect(peer.code(2, dmaMap(0, PAGE), [fd])).toBe('ENOMEM');
    expect(map).toHaveBeenCalledOnce();
    expect(wire.extraFds).toBe(1);
    expect(peer.code(2, dmaMap(0, PAGE), [fd])).toBe('ok');
  });

  test('of 8 TiB is taken', () => {
    using wire = new Wire();
    expect(wire.attach().code(2, dmaMap(0, 8 * TIB))).toBe('ok');
  });

  test('beyond the number of mappings a client may have is refused with ENOSPC', () => {
    using wire = new Wire({ maxDmaMaps: 2 });
    const peer = wire.attach();
    peer.ok(2, dmaMap(0, PAGE));
    peer.ok(2, dmaMap(PAGE, PAGE));
    expect(peer.code(2, dmaMap(2 * PAGE, PAGE))).toBe('ENOSPC');
    peer.ok(3, bytesOf(24, 0, 0, 0, PAGE, 0));
    expect(peer.code(2, dmaMap(2 * PAGE, PAGE))).toBe('ok');
  });

  test('sixteen times in a row works, as libvfio-user and QEMU do it', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.memory('ram', 16 * PAGE);
    for (let i = 0; i < 16; i++) peer.ok(2, dmaMap(i * PAGE, PAGE, 3, i * PAGE), [fd]);
    expect(wire.device.ioas.mappingCount).toBe(16);
  });
});
