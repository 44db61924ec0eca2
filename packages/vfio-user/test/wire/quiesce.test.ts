// A device that needs time before its memory or its state may change. Libvfio-user's library is polled: its tests
// also assert that each run of the library gives EBUSY meanwhile, and EINVAL for a completion nobody waits for.
// Neither has a counterpart where a promise is the completion.

import { describe, expect, test } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import {
  bytesOf,
  dmaMap,
  dmaUnmap,
  irqSet,
  regionAccess,
  u16,
  version,
} from './support/payloads.ts';
import { Wire, type WirePeer } from './support/wire.ts';

const PAGE = 0x1000;
const NONE = new Uint8Array(0);
const MIG_STATE_SET = bytesOf(16, 2 | (1 << 17), 1, 0);
const [MAP, UNMAP, INFO, SET_IRQS, READ, WRITE, RESET, FEATURE] = [2, 3, 4, 8, 9, 10, 13, 16];

/** A device that comes to rest when the test says so. */
class Busy implements Disposable {
  readonly wire: Wire;
  readonly peer: WirePeer;
  readonly #resting: PromiseWithResolvers<void>[] = [];

  constructor() {
    this.wire = new Wire();
    this.peer = this.wire.attach();
    this.wire.device.quiesce = () => {
      const resting = Promise.withResolvers<void>();
      this.#resting.push(resting);
      return resting.promise;
    };
    this.wire.device.calls.length = 0;
  }

  /** Lets the oldest quiesce end, and everything that follows from it happen. */
  async rest(error?: unknown): Promise<void> {
    const resting = this.#resting.shift();
    if (resting === undefined) throw new Error('nobody waits');
    if (error === undefined) resting.resolve();
    else resting.reject(error);
    await new Promise((resolve) => setImmediate(resolve));
    this.peer.deliver();
  }

  get calls(): readonly string[] {
    return this.wire.device.calls;
  }

  [Symbol.dispose](): void {
    this.wire.device.quiesce = undefined;
    this.wire[Symbol.dispose]();
  }
}

describe('a device that is busy', () => {
  test.each([
    ['DMA_MAP', MAP, dmaMap(0x20000, PAGE)],
    ['DMA_UNMAP', UNMAP, dmaUnmap(0x10000, PAGE)],
    ['DEVICE_RESET', RESET, NONE],
    ['a change of the migration state', FEATURE, MIG_STATE_SET],
  ])('is at rest before %s is carried out and answered', async (_, command, payload) => {
    using busy = new Busy();
    const { peer, wire } = busy;
    wire.device.quiesce = undefined;
    using fd = wire.fds.memory('ram', PAGE);
    peer.ok(MAP, dmaMap(0x10000, PAGE), [fd]);
    wire.device.quiesce = () => resting.promise;
    const resting = Promise.withResolvers<void>();
    wire.device.calls.length = 0;
    const mappings = wire.device.ioas.mappingCount;
    expect(peer.send(command, payload, command === MAP ? [fd] : [])).toEqual([]);
    expect(busy.calls).toEqual(['quiesce']);
    expect(wire.device.ioas.mappingCount).toBe(mappings);
    resting.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    peer.deliver();
    expect(peer.replies).toMatchObject([{ command, flags: 1 }]);
    peer.replies.length = 0;
    wire.device.quiesce = undefined;
  });

  test.each([
    ['a read', READ, regionAccess(0, 0, 4)],
    ['a write', WRITE, regionAccess(0, 0, 1, Uint8Array.of(1))],
    ['a question', INFO, bytesOf(16, 0, 0, 0)],
    ['a feature that is no change of state', FEATURE, bytesOf(8, 1 | (1 << 16))],
    ['a probe of the migration state', FEATURE, bytesOf(16, 2 | (6 << 16), 1, 0)],
  ])('need not come to rest for %s', (_, command, payload) => {
    using busy = new Busy();
    expect(busy.peer.code(command, payload)).toBe('ok');
    expect(busy.calls).not.toContain('quiesce');
  });

  test('gets what comes meanwhile afterwards and in order', async () => {
    using busy = new Busy();
    const { peer, wire } = busy;
    expect(peer.send(RESET, NONE)).toEqual([]);
    expect(peer.send(WRITE, regionAccess(0, 0, 1, Uint8Array.of(7)))).toEqual([]);
    expect(peer.send(READ, regionAccess(0, 0, 1))).toEqual([]);
    expect(busy.calls).toEqual(['quiesce']);
    await busy.rest();
    expect(busy.calls).toEqual(['quiesce', 'reset', 'write', 'read']);
    expect(peer.replies.map(({ command }) => command)).toEqual([RESET, WRITE, READ]);
    expect(peer.replies.at(-1)?.payload.at(-1)).toBe(7);
    expect(wire.device.bytes[0]).toBe(7);
  });

  test('comes to rest for each of several commands', async () => {
    using busy = new Busy();
    const { peer } = busy;
    peer.send(RESET, NONE);
    peer.send(RESET, NONE);
    peer.send(READ, regionAccess(0, 0, 1));
    await busy.rest();
    expect(busy.calls).toEqual(['quiesce', 'reset', 'quiesce']);
    expect(peer.replies).toHaveLength(1);
    await busy.rest();
    expect(busy.calls).toEqual(['quiesce', 'reset', 'quiesce', 'reset', 'read']);
    expect(peer.replies).toHaveLength(3);
  });

  test('answers a reset that takes time when it is over, and what came meanwhile behind it', async () => {
    using wire = new Wire();
    const peer = wire.attach();
    const resetting = Promise.withResolvers<void>();
    wire.device.reset = () => resetting.promise;
    expect(peer.send(RESET, NONE)).toEqual([]);
    expect(peer.send(READ, regionAccess(0, 0, 1))).toEqual([]);
    expect(wire.device.calls).not.toContain('read');
    resetting.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    peer.deliver();
    expect(peer.replies.map(({ command }) => command)).toEqual([RESET, READ]);
  });

  test('gives the client the error of a reset that fails later', async () => {
    using wire = new Wire();
    const peer = wire.attach();
    wire.device.reset = () => Promise.reject(new VfioError('EIO', 'reset', 'queue'));
    expect(peer.send(RESET, NONE)).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    peer.deliver();
    expect(peer.replies).toMatchObject([{ command: RESET, errno: 5 }]);
  });

  test('keeps the descriptors of what waits', async () => {
    using busy = new Busy();
    const { peer, wire } = busy;
    using first = wire.fds.memory('first', PAGE);
    using second = wire.fds.memory('second', PAGE);
    peer.send(MAP, dmaMap(0, PAGE), [first]);
    peer.send(MAP, dmaMap(PAGE, PAGE), [second]);
    await busy.rest();
    await busy.rest();
    expect(peer.replies.map(({ flags }) => flags)).toEqual([1, 1]);
    expect(wire.device.ioas.mappingCount).toBe(2);
    expect(wire.extraFds).toBe(4);
  });

  test('that fails to come to rest fails the command with its errno and changes nothing', async () => {
    using busy = new Busy();
    const { peer, wire } = busy;
    using fd = wire.fds.memory('ram', PAGE);
    peer.send(MAP, dmaMap(0, PAGE), [fd]);
    peer.send(INFO, bytesOf(16, 0, 0, 0));
    await busy.rest(new VfioError('ENOTTY', 'quiesce', 'no'));
    expect(peer.replies).toMatchObject([
      { command: MAP, flags: 0x21, errno: 25 },
      { command: INFO, flags: 1 },
    ]);
    expect(wire.device.ioas.mappingCount).toBe(0);
    expect(wire.extraFds).toBe(1);
  });

  test('that refuses at once fails the command with its errno', () => {
    using busy = new Busy();
    busy.wire.device.fail = { op: 'quiesce', error: new VfioError('ENOTTY', 'quiesce', 'no') };
    expect(busy.peer.code(RESET, NONE)).toBe('ENOTTY');
    expect(busy.calls).toEqual(['quiesce']);
  });

  test('that fails with what is no error of VFIO gives EIO', async () => {
    using busy = new Busy();
    busy.peer.send(RESET, NONE);
    await busy.rest(new Error('driver bug'));
    expect(busy.peer.replies).toMatchObject([{ flags: 0x21, errno: 5 }]);
  });

  test('carries out a command that wants no reply without one', async () => {
    using busy = new Busy();
    busy.peer.send(RESET, NONE, [], 0x10);
    await busy.rest();
    expect(busy.calls).toEqual(['quiesce', 'reset']);
    expect(busy.peer.replies).toEqual([]);
  });

  test('makes a client wait that sends more than a session keeps', async () => {
    using busy = new Busy();
    const { peer } = busy;
    peer.send(RESET, NONE);
    for (let i = 0; i < 200; i++) peer.send(READ, regionAccess(0, 0, 4));
    expect(peer.transport.queuedBytes).toBeGreaterThan(100 * 32);
    await busy.rest();
    expect(peer.replies).toHaveLength(201);
  });

  test('makes a client wait that sends more descriptors than a session keeps', async () => {
    using busy = new Busy();
    const { peer, wire } = busy;
    using fd = wire.fds.eventfd();
    const fds = Array.from({ length: 16 }, () => fd);
    peer.send(RESET, NONE);
    for (let i = 0; i < 10; i++) peer.send(SET_IRQS, irqSet(0x24, 2, 0, 16), fds);
    expect(peer.transport.queuedBytes).toBe(6 * 36);
    await busy.rest();
    expect(peer.replies).toHaveLength(11);
    expect(wire.extraFds).toBe(1 + 16);
  });

  test('does not hold up another device', () => {
    using busy = new Busy();
    using other = new Wire();
    busy.peer.send(RESET, NONE);
    expect(other.attach().code(RESET, NONE)).toBe('ok');
  });
});

describe('a client that goes', () => {
  test('has the device at rest before its memory goes', async () => {
    using busy = new Busy();
    const { peer, wire } = busy;
    wire.device.quiesce = undefined;
    using fd = wire.fds.memory('ram', PAGE);
    peer.ok(MAP, dmaMap(0, PAGE), [fd]);
    const resting = Promise.withResolvers<void>();
    wire.device.quiesce = () => resting.promise;
    wire.device.calls.length = 0;
    peer.close();
    expect(busy.calls).toEqual(['quiesce']);
    expect(wire.device.ioas.mappingCount).toBe(1);
    expect(wire.connect().code(1, version(0, 2, '{}'))).toBe('EBUSY');
    resting.resolve();
    await resting.promise;
    expect(busy.calls).toEqual(['quiesce', 'close']);
    expect(wire.device.ioas.mappingCount).toBe(0);
    wire.device.quiesce = undefined;
    wire.attach();
  });

  test('while the device comes to rest has its command finished, then the device is closed once', async () => {
    using busy = new Busy();
    const { peer, wire } = busy;
    using fd = wire.fds.memory('ram', PAGE);
    peer.send(MAP, dmaMap(0, PAGE), [fd]);
    peer.close();
    expect(busy.calls).toEqual(['quiesce']);
    await busy.rest();
    expect(busy.calls).toEqual(['quiesce', 'quiesce']);
    await busy.rest();
    expect(busy.calls).toEqual(['quiesce', 'quiesce', 'close']);
    expect(wire.device.ioas.mappingCount).toBe(0);
    expect(wire.extraFds).toBe(1);
    expect(wire.server.connections).toBe(0);
  });

  test('before a failed command could be answered does not keep the device', async () => {
    using busy = new Busy();
    busy.peer.send(RESET, NONE);
    busy.peer.close();
    await busy.rest(new VfioError('EIO', 'quiesce', 'stuck'));
    await busy.rest(new VfioError('EIO', 'quiesce', 'stuck'));
    expect(busy.calls).toEqual(['quiesce', 'quiesce', 'close']);
    expect(busy.wire.logger.at('error')).toHaveLength(1);
  });

  test('has what it sent before taken in order', async () => {
    using busy = new Busy();
    busy.peer.send(RESET, NONE);
    busy.peer.send(WRITE, regionAccess(0, 0, 1, Uint8Array.of(9)), [], 0x10);
    busy.peer.close();
    await busy.rest();
    expect(busy.wire.device.bytes[0]).toBe(9);
    await busy.rest();
  });
});

describe('a server that is closed', () => {
  test('does not wait for the device and drops what waited', async () => {
    using busy = new Busy();
    const { peer, wire } = busy;
    using fd = wire.fds.memory('ram', PAGE);
    peer.send(MAP, dmaMap(0, PAGE), [fd]);
    wire.server.close();
    expect(busy.calls).toEqual(['quiesce', 'close']);
    expect(wire.extraFds).toBe(1);
    await busy.rest();
    expect(busy.calls).toEqual(['quiesce', 'close']);
    expect(wire.device.ioas.mappingCount).toBe(0);
  });

  test('gives up the wait for a device whose client has gone', () => {
    using busy = new Busy();
    busy.peer.close();
    busy.wire.server.close();
    expect(busy.calls).toEqual(['quiesce', 'close']);
  });
});

describe('messages that wait', () => {
  test('are copies: the buffer they came in is used again', async () => {
    using busy = new Busy();
    const { peer } = busy;
    peer.raw(bytesOf(u16(0x11), u16(RESET), 16, 0, 0));
    peer.raw(bytesOf(u16(0x22), u16(RESET), 16, 0, 0));
    await busy.rest();
    await busy.rest();
    expect(peer.replies.map((reply) => reply.id)).toEqual([0x11, 0x22]);
  });
});
