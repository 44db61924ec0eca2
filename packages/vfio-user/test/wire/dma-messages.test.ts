// DMA_READ and DMA_WRITE that the server sends, byte by byte.

import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { ERRNO, VfioError, type ErrnoCode } from '@vfio-ts/core';
import { settled } from '../client/support.ts';
import { PEER_PROFILES } from '../../src/peer.ts';
import {
  bytesOf,
  dmaMap,
  dmaUnmap,
  regionAccess,
  u16,
  u64,
  type Field,
} from './support/payloads.ts';
import { Wire, type WirePeer, type WireReply } from './support/wire.ts';

const PAGE = 0x1000;
const DMA_READ = 11;
const DMA_WRITE = 12;

/** A client that has mapped memory without a descriptor, 16 pages at 0x10000. */
function attach(wire: Wire, capabilities = ''): WirePeer {
  const peer = wire.attach(`{"capabilities":{${capabilities}}}`);
  peer.ok(2, dmaMap(0x10000, 16 * PAGE));
  return peer;
}

/** What the server has asked since. */
function asked(peer: WirePeer): readonly WireReply[] {
  peer.deliver();
  return peer.replies.splice(0);
}

/** The only message it has asked. */
function one(peer: WirePeer): WireReply {
  const [request, ...more] = asked(peer);
  assert(request !== undefined);
  assert.deepEqual(more, []);
  return request;
}

/** How an access ended. */
function outcomeOf(access: Promise<void>): Promise<string> {
  return access.then(
    () => 'ok',
    (error: unknown) => (error instanceof VfioError ? error.code : String(error)),
  );
}

function answer(
  peer: WirePeer,
  { id, command }: Pick<WireReply, 'id' | 'command'>,
  payload: Uint8Array,
  errno = 0,
): readonly WireReply[] {
  const flags = errno === 0 ? 1 : 0x21;
  return peer.raw(bytesOf(u16(id), u16(command), 16 + payload.length, flags, errno, payload));
}

const head = (address: number, count: number, ...data: Field[]): Uint8Array =>
  bytesOf(u64(address), u64(count), ...data);

describe('an access of the device to memory without a descriptor', () => {
  test('that reads is a DMA_READ, and its reply the data', async () => {
    using wire = new Wire();
    const peer = attach(wire);
    const into = new Uint8Array(4);
    const reading = wire.device.ioas.rwAsync(0x10010, into, false);
    const request = one(peer);
    expect(request).toMatchObject({ command: 11, size: 32, flags: 0, errno: 0 });
    expect(request.payload).toEqual(head(0x10010, 4));
    answer(peer, request, head(0x10010, 4, Uint8Array.of(1, 2, 3, 4)));
    await reading;
    expect(into).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  test('that writes is a DMA_WRITE with the data', async () => {
    using wire = new Wire();
    const peer = attach(wire);
    const writing = wire.device.ioas.rwAsync(0x10010, Uint8Array.of(9, 8, 7), true);
    const request = one(peer);
    expect(request).toMatchObject({ command: 12, size: 35, flags: 0 });
    expect(request.payload).toEqual(head(0x10010, 3, Uint8Array.of(9, 8, 7)));
    answer(peer, request, head(0x10010, 3));
    await expect(writing).resolves.toBeUndefined();
  });

  test('over two mappings is a message for each', async () => {
    using wire = new Wire();
    const peer = attach(wire);
    peer.ok(2, dmaMap(0x20000, PAGE));
    const into = new Uint8Array(8);
    const reading = wire.device.ioas.rwAsync(0x1fffc, into, false);
    for (const [address, value] of [
      [0x1fffc, 1],
      [0x20000, 2],
    ] as const) {
      const request = one(peer);
      expect(request.payload).toEqual(head(address, 4));
      answer(peer, request, head(address, 4, value));
      // oxlint-disable-next-line no-await-in-loop -- the second is asked for when the first is there
      await settled();
    }
    await reading;
    expect(into).toEqual(bytesOf(1, 2));
  });

  test('does not wait for, nor disturb, a command of the client', async () => {
    using wire = new Wire();
    const peer = attach(wire);
    const reading = wire.device.ioas.rwAsync(0x10000, new Uint8Array(4), false);
    const request = one(peer);
    expect(peer.ok(9, regionAccess(0, 0, 4)).payload).toHaveLength(20);
    expect(peer.code(13, new Uint8Array(0))).toBe('ok');
    answer(peer, request, head(0x10000, 4, 5));
    await reading;
  });

  test('may have the id of a command of the client that is under way', async () => {
    using wire = new Wire();
    const peer = attach(wire);
    const reading = wire.device.ioas.rwAsync(0x10000, new Uint8Array(4), false);
    const request = one(peer);
    const id = request.id;
    const command = bytesOf(u16(id), u16(13), 16, 0, 0);
    const reply = bytesOf(u16(id), u16(11), 36, 1, 0, head(0x10000, 4, 5));
    expect(peer.raw(bytesOf(command, reply))).toMatchObject([{ id, command: 13, flags: 1 }]);
    await reading;
  });
});

// libvfio-user's test_sgl_read_write: two pages and 42 bytes with max_data_xfer_size of one page.
describe('an access longer than the client takes', () => {
  test.each([
    [DMA_READ, false],
    [DMA_WRITE, true],
  ])('is split into messages of command %i', async (command, isWrite) => {
    using wire = new Wire();
    const peer = attach(wire, `"max_data_xfer_size":${PAGE}`);
    const bytes = Uint8Array.from({ length: 2 * PAGE + 42 }, (_, index) => index * 7);
    const buffer = isWrite ? bytes.slice() : new Uint8Array(bytes.length);
    const access = wire.device.ioas.rwAsync(0x10000, buffer, isWrite);
    const requests = asked(peer);
    expect(requests.map(({ payload }) => payload.slice(0, 16))).toEqual([
      head(0x10000, PAGE),
      head(0x11000, PAGE),
      head(0x12000, 42),
    ]);
    expect(new Set(requests.map(({ id }) => id)).size).toBe(3);
    // Replies may come in any order.
    for (const request of requests.toReversed()) {
      expect(request.command).toBe(command);
      const view = new DataView(request.payload.buffer);
      const address = view.getUint32(0, true);
      const at = address - 0x10000;
      const part = bytes.subarray(at, at + view.getUint32(8, true));
      expect(request.payload.subarray(16)).toEqual(isWrite ? part : bytesOf());
      answer(peer, request, head(address, part.length, ...(isWrite ? [] : [part])));
    }
    await access;
    expect(buffer).toEqual(bytes);
  });

  test('that takes no data fails with EOPNOTSUPP and sends nothing', async () => {
    using wire = new Wire();
    const peer = attach(wire, '"max_data_xfer_size":0');
    const access = wire.device.ioas.rwAsync(0x10000, new Uint8Array(4), false);
    await expect(access).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
    expect(asked(peer)).toEqual([]);
  });
});

describe('a client that answers', () => {
  // libvfio-user's test_sgl_read_write: EIO of the client is EIO of the device.
  test.each([
    ['EIO', ERRNO.EIO],
    ['EFAULT', ERRNO.EFAULT],
    ['EPERM', ERRNO.EPERM],
    ['EIO', 0],
    ['EIO', 4242],
  ] as const)('with an error fails the access with %s, errno %i', async (code, errno) => {
    using wire = new Wire();
    const peer = attach(wire);
    const access = wire.device.ioas.rwAsync(0x10000, new Uint8Array(4), false);
    const outcome = outcomeOf(access);
    const request = one(peer);
    const message = bytesOf(u16(request.id), u16(11), 16, 0x21, errno);
    expect(peer.raw(message)).toEqual([]);
    expect(await outcome).toBe(code);
    expect(peer.code(13, new Uint8Array(0))).toBe('ok');
  });

  const replies: readonly (readonly [string, number, Uint8Array, ErrnoCode])[] = [
    ['with too little data', DMA_READ, head(0x10000, 4, Uint8Array.of(1, 2, 3)), 'EPROTO'],
    ['with nothing', DMA_READ, bytesOf(), 'EPROTO'],
    ['another address', DMA_READ, head(0x10004, 4, 0), 'EPROTO'],
    ['another count', DMA_READ, head(0x10000, 3, 0), 'EPROTO'],
    ['a count with bits above 32', DMA_READ, head(0x10000, 2 ** 32 + 4, 0), 'EPROTO'],
    ['as another command', DMA_WRITE, head(0x10000, 4, 0), 'EPROTO'],
  ];
  test.each(replies)('%s fails the access', async (_, command, payload, code) => {
    using wire = new Wire();
    const peer = attach(wire);
    const into = new Uint8Array(4);
    const access = wire.device.ioas.rwAsync(0x10000, into, false);
    const outcome = outcomeOf(access);
    const request = one(peer);
    answer(peer, { id: request.id, command }, payload);
    expect(await outcome).toBe(code);
    expect(into).toEqual(new Uint8Array(4));
    expect(peer.code(13, new Uint8Array(0))).toBe('ok');
  });

  test('to a write with nothing fails the access with EPROTO', async () => {
    using wire = new Wire();
    const peer = attach(wire);
    const access = wire.device.ioas.rwAsync(0x10000, new Uint8Array(4), true);
    const outcome = outcomeOf(access);
    const request = one(peer);
    answer(peer, request, bytesOf());
    expect(await outcome).toBe('EPROTO');
  });

  test('what nobody asked is told EINVAL', () => {
    using wire = new Wire();
    const peer = attach(wire);
    const reply = answer(peer, { id: 77, command: DMA_READ }, head(0x10000, 4, 0));
    expect(reply).toMatchObject([{ id: 77, flags: 0x21, errno: ERRNO.EINVAL }]);
  });

  test('the same twice is told EINVAL the second time', async () => {
    using wire = new Wire();
    const peer = attach(wire);
    const access = wire.device.ioas.rwAsync(0x10000, new Uint8Array(4), false);
    const request = one(peer);
    const id = request.id;
    expect(answer(peer, { id, command: DMA_READ }, head(0x10000, 4, 0))).toEqual([]);
    await access;
    const again = answer(peer, { id, command: DMA_READ }, head(0x10000, 4, 0));
    expect(again).toMatchObject([{ flags: 0x21, errno: ERRNO.EINVAL }]);
  });
});

describe('a client that does not answer', () => {
  test('fails the access with ETIMEDOUT, and the late reply is thrown away', async () => {
    using wire = new Wire();
    const peer = attach(wire);
    const into = new Uint8Array(4);
    const access = wire.device.ioas.rwAsync(0x10000, into, false);
    const outcome = outcomeOf(access);
    const request = one(peer);
    wire.clock.advance(4999);
    wire.clock.advance(1);
    expect(await outcome).toBe('ETIMEDOUT');
    expect(answer(peer, request, head(0x10000, 4, Uint8Array.of(1, 1, 1, 1)))).toEqual([]);
    expect(into).toEqual(new Uint8Array(4));
    expect(peer.code(13, new Uint8Array(0))).toBe('ok');
    expect(wire.clock.timers).toBe(0);
  });

  test('in time of the last message, but does of each before, is waited for', async () => {
    using wire = new Wire({ dmaTimeout: 100 });
    const peer = attach(wire, '"max_data_xfer_size":4');
    const access = wire.device.ioas.rwAsync(0x10000, new Uint8Array(12), true);
    for (const request of asked(peer)) {
      wire.clock.advance(99);
      answer(peer, request, request.payload.slice(0, 16));
    }
    await expect(access).resolves.toBeUndefined();
  });

  test('keeps its id from being used for another access', async () => {
    using wire = new Wire({ dmaTimeout: 10 });
    const peer = attach(wire);
    const late = wire.device.ioas.rwAsync(0x10000, new Uint8Array(4), false);
    const outcome = outcomeOf(late);
    const first = one(peer);
    wire.clock.advance(10);
    expect(await outcome).toBe('ETIMEDOUT');
    const into = new Uint8Array(4);
    const next = wire.device.ioas.rwAsync(0x10000, into, false);
    const second = one(peer);
    expect(second.id).not.toBe(first.id);
    answer(peer, first, head(0x10000, 4, 0x11111111));
    answer(peer, second, head(0x10000, 4, 0x22222222));
    await next;
    expect(into).toEqual(bytesOf(0x22222222));
  });

  test('and goes fails all accesses with ENOTCONN', async () => {
    using wire = new Wire();
    const peer = attach(wire);
    const accesses = [false, true].map((isWrite) =>
      wire.device.ioas.rwAsync(0x10000, new Uint8Array(4), isWrite),
    );
    const outcomes = Promise.all(accesses.map(outcomeOf));
    peer.close();
    expect(await outcomes).toEqual(['ENOTCONN', 'ENOTCONN']);
    expect(wire.clock.timers).toBe(0);
  });

  test('and unmaps fails the access with ECANCELED before the unmap is answered', async () => {
    using wire = new Wire();
    const peer = attach(wire);
    const into = new Uint8Array(4);
    const access = wire.device.ioas.rwAsync(0x10000, into, false);
    const outcome = outcomeOf(access);
    const request = one(peer);
    peer.ok(3, dmaUnmap(0x10000, 16 * PAGE));
    expect(await outcome).toBe('ECANCELED');
    expect(answer(peer, request, head(0x10000, 4, 0x33333333))).toEqual([]);
    expect(into).toEqual(new Uint8Array(4));
  });
});

describe('accesses of the device', () => {
  test('beyond the window wait for replies and go in their order', async () => {
    using wire = new Wire({ maxDmaMessages: 2 });
    const peer = attach(wire);
    const done: number[] = [];
    const accesses = [0, 1, 2, 3].map(async (index) => {
      await wire.device.ioas.rwAsync(0x10000 + index, Uint8Array.of(index), true);
      done.push(index);
    });
    const waiting = [...asked(peer)];
    for (let first = waiting.shift(); first !== undefined; first = waiting.shift()) {
      waiting.push(...answer(peer, first, first.payload.slice(0, 16)));
      expect(waiting.length).toBeLessThanOrEqual(2);
    }
    await Promise.all(accesses);
    expect(done).toEqual([0, 1, 2, 3]);
  });

  test('beyond the bound are refused with EAGAIN', async () => {
    using wire = new Wire({ maxDmaAccesses: 2 });
    attach(wire);
    const waiting = [0, 1].map(() => wire.device.ioas.rwAsync(0x10000, new Uint8Array(1), false));
    const third = wire.device.ioas.rwAsync(0x10000, new Uint8Array(1), false);
    await expect(third).rejects.toMatchObject({ code: 'EAGAIN' });
    const outcomes = Promise.all(waiting.map(outcomeOf));
    wire.server.close();
    expect(await outcomes).toEqual(['ENOTCONN', 'ENOTCONN']);
  });

  test('of too many bytes together are refused with EAGAIN, one alone is not', async () => {
    using wire = new Wire({ maxDmaBytes: PAGE });
    const peer = attach(wire);
    const large = wire.device.ioas.rwAsync(0x10000, new Uint8Array(2 * PAGE), true);
    const small = wire.device.ioas.rwAsync(0x10000, new Uint8Array(1), true);
    await expect(small).rejects.toMatchObject({ code: 'EAGAIN' });
    for (const request of asked(peer)) answer(peer, request, request.payload.slice(0, 16));
    await large;
  });
});

describe('the layout of QEMU 10', () => {
  const qemu = new Wire({}, { ...PEER_PROFILES.qemu, dmaLayout: 'qemu' });

  test('has the data at 12 of a DMA_WRITE, takes an empty reply', async () => {
    const peer = attach(qemu);
    const writing = qemu.device.ioas.rwAsync(0x10010, Uint8Array.of(1, 2, 3, 4, 5), true);
    const request = one(peer);
    expect(request).toMatchObject({ command: 12, size: 37 });
    expect(request.payload).toEqual(
      bytesOf(u64(0x10010), 5, Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(0, 0, 0, 0)),
    );
    answer(peer, request, bytesOf());
    await writing;
    peer.close();
  });

  test('has the data at 12 of the reply to a DMA_READ', async () => {
    const peer = attach(qemu);
    const into = new Uint8Array(4);
    const reading = qemu.device.ioas.rwAsync(0x10010, into, false);
    const request = one(peer);
    expect(request.payload).toEqual(bytesOf(u64(0x10010), 4, 0));
    const junk = 0xdeadbeef;
    answer(peer, request, bytesOf(u64(0x10010), 4, 0x04030201, junk));
    await reading;
    expect(into).toEqual(Uint8Array.of(1, 2, 3, 4));
    peer.close();
  });
});

describe('a client of a QEMU that does not say which', () => {
  const probe = bytesOf(u64(0x10010), 0, 1);

  test('is asked first for more than anybody takes, and E2BIG is the specified layout', async () => {
    using wire = new Wire({}, PEER_PROFILES.qemu);
    const peer = attach(wire);
    const into = new Uint8Array(4);
    const reading = wire.device.ioas.rwAsync(0x10010, into, false);
    const question = one(peer);
    expect(question).toMatchObject({ command: DMA_READ, size: 32, payload: probe });
    const [request] = answer(peer, question, bytesOf(), ERRNO.E2BIG);
    assert(request !== undefined);
    expect(request.payload).toEqual(head(0x10010, 4));
    answer(peer, request, head(0x10010, 4, 0x04030201));
    await reading;
    expect(into).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  test('that answers the question has the layout of QEMU 10', async () => {
    using wire = new Wire({}, PEER_PROFILES.qemu);
    const peer = attach(wire);
    const writing = wire.device.ioas.rwAsync(0x10010, Uint8Array.of(5, 6), true);
    const [request] = answer(peer, one(peer), bytesOf(u64(0x10010), 0, 0));
    assert(request !== undefined);
    expect(request.payload.subarray(12)).toEqual(Uint8Array.of(5, 6, 0, 0, 0, 0));
    answer(peer, request, bytesOf());
    await expect(writing).resolves.toBeUndefined();
  });

  test('is asked once, whatever waits for the answer', async () => {
    using wire = new Wire({}, PEER_PROFILES.qemu);
    const peer = attach(wire);
    const accesses = [0, 1].map((at) =>
      wire.device.ioas.rwAsync(0x10010 + at, new Uint8Array(1), true),
    );
    const requests = answer(peer, one(peer), bytesOf(), ERRNO.E2BIG);
    expect(requests.map(({ command }) => command)).toEqual([DMA_WRITE, DMA_WRITE]);
    for (const request of requests) answer(peer, request, request.payload.slice(0, 16));
    await expect(Promise.all(accesses)).resolves.toHaveLength(2);
  });

  test('and does not answer the question fails all accesses with ETIMEDOUT at once', async () => {
    using wire = new Wire({}, PEER_PROFILES.qemu);
    attach(wire);
    const outcomes = [0, 1].map(() =>
      outcomeOf(wire.device.ioas.rwAsync(0x10010, new Uint8Array(1), true)),
    );
    wire.clock.advance(5000);
    expect(await Promise.all(outcomes)).toEqual(['ETIMEDOUT', 'ETIMEDOUT']);
  });
});
