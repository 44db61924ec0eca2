import { describe, expect, test } from 'vitest';
import { PEER_PROFILES } from '../../src/peer.ts';
import { bytesOf, dmaMap, dmaUnmap, u64 } from './support/payloads.ts';
import { Wire, type WirePeer } from './support/wire.ts';

const PAGE = 0x1000;
const DIRTY = 1;
const ALL = 2;

const dirtyUnmap = (
  iova: number,
  size: number,
  pageSize: number | bigint,
  bitmapSize: number | bigint,
  argsz = 40 + Number(bitmapSize),
): Uint8Array => bytesOf(dmaUnmap(iova, size, DIRTY, argsz), u64(pageSize), u64(bitmapSize));

/** A client with 16 pages of memory mapped one by one from address 0. */
function mapped(wire: Wire, count = 16): WirePeer {
  const peer = wire.attach();
  using fd = wire.fds.memory('ram', count * PAGE);
  for (let i = 0; i < count; i++) peer.ok(2, dmaMap(i * PAGE, PAGE, 3, i * PAGE), [fd]);
  return peer;
}

describe('DMA_UNMAP', () => {
  test('of a mapping takes it away, closes its descriptor and echoes the request', () => {
    using wire = new Wire();
    const peer = mapped(wire, 2);
    const { payload } = peer.ok(3, dmaUnmap(0, PAGE));
    expect(payload).toEqual(dmaUnmap(0, PAGE));
    expect(wire.device.ioas.mappings()).toMatchObject([{ iova: PAGE }]);
    expect(wire.extraFds).toBe(1);
  });

  test.each([
    ['nothing', dmaUnmap(0x100000, PAGE)],
    ['part of a mapping', dmaUnmap(0, PAGE / 2)],
    ['two mappings', dmaUnmap(0, 2 * PAGE)],
    ['size 0', dmaUnmap(0, 0)],
  ])('of %s is refused with ENOENT', (_, payload) => {
    using wire = new Wire();
    const peer = mapped(wire, 2);
    expect(peer.code(3, payload)).toBe('ENOENT');
    expect(wire.device.ioas.mappingCount).toBe(2);
  });

  test.each([
    ['8 bytes of payload', bytesOf(0, 0)],
    ['argsz 8', dmaUnmap(0, PAGE, 0, 8)],
    ['argsz 1 MiB + 8', dmaUnmap(0, PAGE, 0, (1 << 20) + 8)],
    ['flag 4', dmaUnmap(0, PAGE, 4)],
    ['address 2^63', dmaUnmap(2n ** 63n, PAGE)],
    ['ALL with an address', dmaUnmap(PAGE, 0, ALL)],
    ['ALL with a size', dmaUnmap(0, PAGE, ALL)],
    ['ALL with the top bit of an address', dmaUnmap(2n ** 63n, 0, ALL)],
    ['ALL with a bitmap', dmaUnmap(0, 0, ALL | DIRTY)],
    ['a bitmap without room for its head', dmaUnmap(0, PAGE, DIRTY)],
    ['a bitmap of absurd size', dirtyUnmap(0, PAGE, PAGE, 2n ** 64n - 32n, 40)],
    ['a bitmap that argsz has no room for', dirtyUnmap(0, PAGE, PAGE, 8, 47)],
    ['a bitmap that is too small', dirtyUnmap(0, PAGE, PAGE, 0)],
    ['a bitmap that is too large', dirtyUnmap(0, PAGE, PAGE, 16)],
    ['a bitmap of pages of size 0', dirtyUnmap(0, PAGE, 0, 8)],
    ['a bitmap while nothing is tracked', dirtyUnmap(0, PAGE, PAGE, 8)],
  ])('refuses %s with EINVAL', (_, payload) => {
    using wire = new Wire();
    const peer = mapped(wire, 2);
    expect(peer.code(3, payload)).toBe('EINVAL');
    expect(wire.device.ioas.mappingCount).toBe(2);
  });

  test('of all takes every mapping and its descriptor', () => {
    using wire = new Wire();
    const peer = mapped(wire);
    using again = wire.fds.memory('ram', PAGE);
    expect(wire.extraFds).toBe(17);
    const { payload } = peer.ok(3, dmaUnmap(0, 0, ALL));
    expect(payload).toEqual(dmaUnmap(0, 0, ALL));
    expect(wire.device.ioas.mappingCount).toBe(0);
    expect(wire.extraFds).toBe(1);
    peer.ok(2, dmaMap(0, PAGE), [again]);
    expect(wire.device.ioas.mappingCount).toBe(1);
  });

  test('of all where nothing is mapped is a success', () => {
    using wire = new Wire();
    expect(wire.attach().code(3, dmaUnmap(0, 0, ALL))).toBe('ok');
  });

  test('with a bitmap tells which pages the device wrote', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.memory('ram', 16 * PAGE);
    peer.ok(2, dmaMap(0, 16 * PAGE), [fd]);
    wire.device.ioas.startDirtyTracking(PAGE);
    wire.device.ioas.rw(3 * PAGE, Uint8Array.of(1), true);
    wire.device.ioas.rw(9 * PAGE - 1, Uint8Array.of(1, 2), true);
    const request = dirtyUnmap(0, 16 * PAGE, PAGE, 8);
    const { payload } = peer.ok(3, request);
    expect(payload).toEqual(bytesOf(request, u64(2 ** 3 + 2 ** 8 + 2 ** 9)));
    wire.device.ioas.stopDirtyTracking();
  });

  test('that fails is not told to a client that never looks at the error flag', () => {
    using wire = new Wire({}, PEER_PROFILES.rust);
    const { payload } = wire.attach().ok(3, dmaUnmap(0x100000, PAGE));
    expect(payload).toEqual(dmaUnmap(0x100000, PAGE));
    expect(wire.logger.at('warn')).toHaveLength(1);
  });
});
