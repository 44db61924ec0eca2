// A device that does not come to rest: its client is answered, its memory goes, and the next client finds it free.

import { describe, expect, test } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import { DEFAULT_LIMITS } from '../../src/protocol.ts';
import { bytesOf, dmaMap, dmaUnmap, regionAccess } from './support/payloads.ts';
import { Wire, type WirePeer } from './support/wire.ts';

const PAGE = 0x1000;
const NONE = new Uint8Array(0);
const STATE_SET = bytesOf(16, 2 | (1 << 17), 1, 0);
const [MAP, UNMAP, INFO, READ, WRITE, RESET, FEATURE] = [2, 3, 4, 9, 10, 13, 16];
const ETIMEDOUT = 110;
const TIME = 1000;

/** A device that never comes to rest by itself. */
class Stuck implements Disposable {
  readonly wire = new Wire({ restTimeout: TIME });
  readonly peer: WirePeer = this.wire.attach();
  readonly resting: PromiseWithResolvers<void>[] = [];

  constructor() {
    this.wire.device.quiesce = () => {
      const resting = Promise.withResolvers<void>();
      this.resting.push(resting);
      return resting.promise;
    };
    this.wire.device.calls.length = 0;
  }

  /** The time is up, and everything that follows from it happens. */
  async pass(ms: number = TIME): Promise<void> {
    this.wire.clock.advance(ms);
    await settled();
    this.peer.deliver();
  }

  get errors(): number {
    return this.wire.logger.at('error').length;
  }

  [Symbol.dispose](): void {
    this.wire.device.quiesce = undefined;
    this.wire[Symbol.dispose]();
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

describe('a command whose device does not come to rest in time', () => {
  test.each([
    ['DMA_MAP', MAP, dmaMap(0x20000, PAGE)],
    ['DMA_UNMAP', UNMAP, dmaUnmap(0x10000, PAGE)],
    ['DEVICE_RESET', RESET, NONE],
    ['a change of the migration state', FEATURE, STATE_SET],
  ])('fails with ETIMEDOUT and changes nothing: %s', async (_, command, payload) => {
    using stuck = new Stuck();
    const { peer, wire } = stuck;
    const { quiesce } = wire.device;
    wire.device.quiesce = undefined;
    using fd = wire.fds.memory('ram', PAGE);
    peer.ok(MAP, dmaMap(0x10000, PAGE), [fd]);
    wire.device.quiesce = quiesce;
    wire.device.calls.length = 0;
    peer.send(command, payload, command === MAP ? [fd] : []);
    await stuck.pass(TIME - 1);
    expect(peer.replies).toEqual([]);
    await stuck.pass(1);
    expect(peer.replies).toMatchObject([{ command, flags: 0x21, errno: ETIMEDOUT }]);
    expect(wire.device.calls).toEqual(['quiesce']);
    expect(wire.device.ioas.mappingCount).toBe(1);
    expect(wire.extraFds).toBe(2);
  });

  test('is logged as an error, once', async () => {
    using stuck = new Stuck();
    stuck.peer.send(RESET, NONE);
    await stuck.pass();
    expect(stuck.errors).toBe(1);
  });

  test('is answered before what came after it, and the session goes on', async () => {
    using stuck = new Stuck();
    const { peer, wire } = stuck;
    peer.send(RESET, NONE);
    peer.send(WRITE, regionAccess(0, 0, 1, Uint8Array.of(7)));
    peer.send(READ, regionAccess(0, 0, 1));
    await stuck.pass();
    expect(peer.replies.map(({ command }) => command)).toEqual([RESET, WRITE, READ]);
    peer.replies.length = 0;
    expect(peer.code(INFO, bytesOf(16, 0, 0, 0))).toBe('ok');
    expect(wire.device.calls).not.toContain('reset');
  });

  test.each([
    ['succeeds', (late: PromiseWithResolvers<void>) => late.resolve()],
    ['fails', (late: PromiseWithResolvers<void>) => late.reject(new VfioError('EIO', 'q', 'no'))],
  ])('hears nothing more when the device %s later', async (_, finish) => {
    using stuck = new Stuck();
    const { peer, wire, resting } = stuck;
    peer.send(RESET, NONE);
    await stuck.pass();
    peer.replies.length = 0;
    peer.send(RESET, NONE);
    const [first, second] = resting;
    if (first !== undefined) finish(first);
    await settled();
    peer.deliver();
    expect(peer.replies).toEqual([]);
    second?.resolve();
    await settled();
    peer.deliver();
    expect(peer.replies).toMatchObject([{ command: RESET, errno: 0 }]);
    expect(wire.device.calls).toEqual(['quiesce', 'quiesce', 'reset']);
  });

  test('has no timer left when the device came to rest in time', async () => {
    using stuck = new Stuck();
    stuck.peer.send(RESET, NONE);
    stuck.resting[0]?.resolve();
    await settled();
    expect(stuck.wire.clock.timers).toBe(0);
    await stuck.pass();
    expect(stuck.peer.replies.map(({ errno }) => errno)).toEqual([0]);
  });

  test('may be a reset that does not end', async () => {
    using stuck = new Stuck();
    const { peer, wire } = stuck;
    wire.device.quiesce = undefined;
    wire.device.reset = () => Promise.withResolvers<void>().promise;
    peer.send(RESET, NONE);
    await stuck.pass();
    expect(peer.replies).toMatchObject([{ command: RESET, errno: ETIMEDOUT }]);
  });
});

describe('a client that goes while the device does not come to rest', () => {
  test('has its memory taken away and the device closed when the time is up', async () => {
    using stuck = new Stuck();
    const { peer, wire } = stuck;
    peer.close();
    await stuck.pass(TIME - 1);
    expect(wire.server.connections).toBe(1);
    await stuck.pass(1);
    expect(wire.device.calls).toEqual(['quiesce', 'close']);
    expect([wire.server.connections, stuck.errors]).toEqual([0, 1]);
  });

  test('waits once for its command and once for its end', async () => {
    using stuck = new Stuck();
    const { peer, wire } = stuck;
    peer.send(RESET, NONE);
    peer.close();
    await stuck.pass();
    expect(wire.device.calls).toEqual(['quiesce', 'quiesce']);
    await stuck.pass();
    expect(wire.device.calls).toEqual(['quiesce', 'quiesce', 'close']);
    expect(wire.server.connections).toBe(0);
  });

  test('leaves no timer when the server is closed', async () => {
    using stuck = new Stuck();
    const { peer, wire } = stuck;
    peer.send(RESET, NONE);
    peer.close();
    wire.server.close();
    expect(wire.clock.timers).toBe(0);
    await stuck.pass();
    expect(stuck.errors).toBe(0);
  });

  test('leaves the device to the next client', async () => {
    using stuck = new Stuck();
    stuck.peer.close();
    await stuck.pass();
    stuck.wire.device.quiesce = undefined;
    expect(stuck.wire.attach().code(RESET, NONE)).toBe('ok');
  });
});

test('a device has 30 s where nothing is said', () => {
  expect(DEFAULT_LIMITS.restTimeout).toBe(30_000);
});
