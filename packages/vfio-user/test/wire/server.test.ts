import { describe, expect, test } from 'vitest';
import { dmaMap, irqSet, regionAccess, version } from './support/payloads.ts';
import { Wire } from './support/wire.ts';

const PAGE = 0x1000;
const NONE = new Uint8Array(0);

describe('a server', () => {
  test('tells a second client EBUSY, and the first does not notice', () => {
    using wire = new Wire();
    const first = wire.attach();
    using fd = wire.fds.memory('ram', PAGE);
    first.ok(2, dmaMap(0, PAGE), [fd]);
    const second = wire.connect();
    expect(second.code(1, version(0, 1, '{}'))).toBe('EBUSY');
    expect(second.isClosed).toBe(true);
    expect(wire.connect().code(1, version(0, 1, '{}'))).toBe('EBUSY');
    expect(wire.device.ioas.mappingCount).toBe(1);
    first.ok(9, regionAccess(0, 0, 4));
    expect(wire.server.connections).toBe(1);
  });

  test('lets a client attach that came early as soon as the device is free', () => {
    using wire = new Wire();
    const first = wire.attach();
    const second = wire.connect();
    first.close();
    expect(second.code(1, version(0, 1, '{}'))).toBe('ok');
  });

  test('gives everything back when a client goes, and keeps the state of the device', () => {
    using wire = new Wire();
    const first = wire.attach();
    using memory = wire.fds.memory('ram', PAGE);
    using event = wire.fds.eventfd();
    first.ok(2, dmaMap(0, PAGE), [memory]);
    first.ok(8, irqSet(0x24, 2, 0, 1), [event]);
    first.ok(10, regionAccess(0, 0, 1, Uint8Array.of(0x5a)));
    expect(wire.extraFds).toBe(4);
    first.close();
    expect(wire.device.isOpen).toBe(false);
    expect(wire.device.ioas.mappingCount).toBe(0);
    expect(wire.extraFds).toBe(2);

    const next = wire.attach();
    expect(next.ok(9, regionAccess(0, 0, 1)).payload.at(16)).toBe(0x5a);
    next.ok(2, dmaMap(0, PAGE), [memory]);
  });

  test('lets the guest memory go before the device is closed', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using memory = wire.fds.memory('ram', PAGE);
    peer.ok(2, dmaMap(0, PAGE), [memory]);
    const user = {
      name: 'driver',
      dmaUnmap: (iova: number, length: number): void => {
        wire.device.calls.push(`dmaUnmap ${iova}+${length}`);
        wire.device.ioas.unpin(user, iova, length / PAGE);
      },
    };
    wire.device.ioas.attachUser(user);
    wire.device.ioas.pin(user, 0, 1, 3);
    peer.close();
    expect(wire.device.calls.slice(-2)).toEqual(['dmaUnmap 0+4096', 'close']);
    wire.device.ioas.detachUser(user);
  });

  test('is free again after a device that failed to close', () => {
    using wire = new Wire();
    const peer = wire.attach();
    wire.device.fail = { op: 'close', error: new Error('driver bug') };
    peer.close();
    expect(wire.logger.at('error')).toHaveLength(1);
    wire.device.isOpen = false;
    wire.attach();
  });

  test('turns away connections beyond its limit', () => {
    using wire = new Wire({ maxConnections: 2 });
    wire.connect();
    wire.connect();
    const third = wire.connect();
    third.deliver();
    expect(third.isClosed).toBe(true);
    expect(wire.server.connections).toBe(2);
  });

  test('that is closed ends its sessions and stops to listen', () => {
    using wire = new Wire();
    const peer = wire.attach();
    wire.server.close();
    expect(peer.raw.bind(peer, NONE)).toThrow(/ENOTCONN/);
    expect(wire.isListening).toBe(false);
    expect(wire.device.isOpen).toBe(false);
  });

  test('that is closed from within the device does not answer any more', () => {
    using wire = new Wire();
    const peer = wire.attach();
    const { fail } = wire.device;
    expect(fail).toBeUndefined();
    wire.device.fail = {
      op: 'reset',
      get error() {
        wire.server.close();
        return new Error('gone');
      },
    };
    expect(peer.send(13, NONE)).toEqual([]);
    expect(wire.device.isOpen).toBe(false);
  });

  test('listens once', () => {
    using wire = new Wire();
    expect(() => wire.server.listen()).toThrow(/EINVAL/);
    wire.server.close();
    expect(() => wire.server.listen()).toThrow(/EINVAL/);
  });
});
