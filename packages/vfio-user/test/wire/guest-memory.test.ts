// How a device reaches what a client has mapped: what libvfio-user's tests of scatter-gather lists assert, in the
// terms of core. Its errors for unmapped memory (EINVAL) and for a pin of memory without a descriptor (EFAULT) are
// ours; access flags and lists of two segments are of its own interface.

import { describe, expect, test } from 'vitest';
import { VFIO_DMA_MAP_FLAG_READ, VFIO_DMA_MAP_FLAG_WRITE } from '@vfio-ts/core';
import { bytesOf, dmaMap, u16 } from './support/payloads.ts';
import { Wire, type WirePeer } from './support/wire.ts';

const PAGE = 0x1000;
const RW = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
const FILE_IO = 8;

/** Answers what the server asks from `memory`, which is mapped at `base`; returns how often it asked. */
function serve(peer: WirePeer, memory: Uint8Array, base: number): number {
  let count = 0;
  peer.deliver();
  for (
    let [next] = peer.replies.splice(0, 1);
    next !== undefined;
    [next] = peer.replies.splice(0, 1)
  ) {
    const { id, command, payload } = next;
    const view = new DataView(payload.buffer);
    const at = view.getUint32(0, true) - base;
    const length = view.getUint32(8, true);
    const head = payload.slice(0, 16);
    if (command === 12) memory.set(payload.subarray(16), at);
    const body = command === 12 ? head : bytesOf(head, memory.slice(at, at + length));
    peer.replies.push(...peer.raw(bytesOf(u16(id), u16(command), 16 + body.length, 1, 0, body)));
    count++;
  }
  return count;
}

describe('guest memory', () => {
  test('that is not mapped is EINVAL', async () => {
    using wire = new Wire();
    wire.attach();
    const access = wire.device.ioas.rwAsync(PAGE, new Uint8Array(4), false);
    await expect(access).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test('without a descriptor cannot be pinned: EFAULT', () => {
    using wire = new Wire();
    wire.attach().ok(2, dmaMap(PAGE, PAGE));
    const user = { name: 'test', dmaUnmap: () => undefined };
    const { ioas } = wire.device;
    ioas.attachUser(user);
    expect(() => ioas.pin(user, PAGE, 1, RW)).toThrow(expect.objectContaining({ code: 'EFAULT' }));
    ioas.detachUser(user);
  });

  test('of three mappings side by side is reached as three pieces', async () => {
    using wire = new Wire();
    const peer = wire.attach();
    const memory = new Uint8Array(3 * PAGE).map((_, index) => index * 3);
    for (let at = 0; at < 3; at++) peer.ok(2, dmaMap((1 + at) * PAGE, PAGE));
    const into = new Uint8Array(3 * PAGE);
    const reading = wire.device.ioas.rwAsync(PAGE, into, false);
    let pieces = 0;
    for (let round = 0; round < 3; round++) {
      pieces += serve(peer, memory, PAGE);
      // oxlint-disable-next-line no-await-in-loop -- a piece is asked for when the one before is there
      await new Promise((resolve) => setImmediate(resolve));
    }
    await reading;
    expect([pieces, into]).toEqual([3, memory]);
  });

  test.each([
    ['without a descriptor', RW, false, 2],
    ['with one that is mapped', RW, true, 0],
    ['with one for pread and pwrite', RW | FILE_IO, true, 0],
  ])('%s gives back what was written, in so many messages', async (_, flags, hasFd, messages) => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.memory('ram', PAGE);
    const memory = new Uint8Array(PAGE);
    peer.ok(2, dmaMap(PAGE, PAGE, flags), hasFd ? [fd] : []);
    const bytes = Uint8Array.from({ length: 64 }, (__, index) => index + 1);
    const writing = wire.device.ioas.rwAsync(PAGE + 8, bytes, true);
    let count = serve(peer, memory, PAGE);
    await writing;
    const back = new Uint8Array(64);
    const reading = wire.device.ioas.rwAsync(PAGE + 8, back, false);
    count += serve(peer, memory, PAGE);
    await reading;
    expect([back, count]).toEqual([bytes, messages]);
  });
});
