// A client that does not read what it is answered.

import { describe, expect, test } from 'vitest';
import { bytesOf, dmaMap, regionAccess, u16 } from './support/payloads.ts';
import { Wire, type WirePeer } from './support/wire.ts';

const LIMITS = { pauseAtQueuedBytes: 0x4000, maxQueuedBytes: 0x10000 };
const SIZE = 0x1000;

/** Sends reads of 4 KiB without reading an answer. */
function askWithoutReading(peer: WirePeer, count: number): void {
  peer.transport.pause(true);
  for (let id = 0; id < count; id++) {
    const message = bytesOf(u16(id), u16(9), 32, 0, 0, regionAccess(0, 0, SIZE));
    peer.transport.send(message, message.length);
    peer.deliver();
  }
}

describe('a client that does not read its replies', () => {
  test('is not read from until it does, and then gets all of them in their order', () => {
    using wire = new Wire(LIMITS);
    const peer = wire.attach();
    askWithoutReading(peer, 100);
    const reads = wire.device.calls.filter((call) => call === 'read').length;
    expect(reads).toBe(Math.floor(LIMITS.pauseAtQueuedBytes / (SIZE + 32)) + 1);
    expect(wire.server.stats().sessions[0]?.queuedBytes).toBeLessThan(LIMITS.maxQueuedBytes);
    peer.transport.pause(false);
    peer.deliver();
    expect(peer.replies.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, id) => id));
  });

  test('keeps the device from sending more than the bound', async () => {
    using wire = new Wire(LIMITS);
    const peer = wire.attach();
    peer.ok(2, dmaMap(0, 0x100000));
    peer.transport.pause(true);
    const outcome = wire.device.ioas.rwAsync(0, new Uint8Array(0x100000), true).then(
      () => 'ok',
      () => 'failed',
    );
    const more = Array.from({ length: 20 }, () =>
      wire.device.ioas.rwAsync(0, new Uint8Array(SIZE), true).catch(() => undefined),
    );
    // One message may be as long as the client takes.
    const queued = wire.server.stats().sessions[0]?.queuedBytes ?? 0;
    expect(queued).toBeLessThanOrEqual(0x100000 + 32);
    expect(peer.replies).toEqual([]);
    peer.transport.pause(false);
    for (let rounds = 0; rounds < 30; rounds++) {
      peer.deliver();
      for (const { id, payload } of peer.replies.splice(0)) {
        peer.transport.send(bytesOf(u16(id), u16(12), 32, 1, 0, payload.slice(0, 16)), 32);
      }
    }
    expect(await outcome).toBe('ok');
    await Promise.all(more);
  });

  test('is let go when even so too much waits', () => {
    using wire = new Wire({ pauseAtQueuedBytes: 0x800, maxQueuedBytes: 0x800 });
    const peer = wire.attach();
    askWithoutReading(peer, 1);
    expect(wire.server.connections).toBe(0);
  });

  test('has held commands wait for room too, when the device has come to rest', async () => {
    using wire = new Wire(LIMITS);
    const peer = wire.attach();
    const { promise, resolve } = Promise.withResolvers<void>();
    wire.device.quiesce = () => promise;
    peer.transport.send(bytesOf(u16(500), u16(13), 16, 0, 0), 16);
    peer.deliver();
    askWithoutReading(peer, 50);
    wire.device.quiesce = () => undefined;
    resolve();
    await promise;
    await Promise.resolve();
    expect(wire.server.connections).toBe(1);
    peer.transport.pause(false);
    peer.deliver();
    expect(peer.replies.map(({ id }) => id)).toEqual([
      500,
      ...Array.from({ length: 50 }, (_, id) => id),
    ]);
  });
});
