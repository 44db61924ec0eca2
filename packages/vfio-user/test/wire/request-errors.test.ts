import { describe, expect, test } from 'vitest';
import { ERRNO, VfioError } from '@vfio-ts/core';
import { MAX_MSG_FDS_LIMIT } from '../../src/protocol.ts';
import { bytesOf, irqSet, regionAccess, u16 } from './support/payloads.ts';
import { Wire } from './support/wire.ts';

const header = (id: number, command: number, size: number, flags = 0, errno = 0): Uint8Array =>
  bytesOf(u16(id), u16(command), size, flags, errno);

describe('a message', () => {
  test.each([
    ['below 16 bytes', 15],
    ['of no bytes', 0],
    ['above the limit', (1 << 20) + 33],
    ['of 4 GiB', 0xffffffff],
  ])('%s is refused with EINVAL and ends the connection', (_, size) => {
    using wire = new Wire();
    const peer = wire.attach();
    expect(peer.raw(header(0xbad1, 8, size))).toMatchObject([
      { id: 0xbad1, command: 8, size: 16, flags: 0x21, errno: ERRNO.EINVAL },
    ]);
    expect(peer.isClosed).toBe(true);
    expect(wire.device.isOpen).toBe(false);
  });

  test('of a size nobody can have closes the descriptors that came with it', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.eventfd();
    peer.raw(header(1, 8, 4), [fd]);
    expect(wire.extraFds).toBe(1);
  });

  test('that is an unsolicited reply is refused with EINVAL', () => {
    using wire = new Wire();
    expect(wire.attach().raw(header(0xbad2, 8, 16, 1))).toMatchObject([
      { id: 0xbad2, flags: 0x21, errno: ERRNO.EINVAL },
    ]);
  });

  test.each([2, 7, 15])('of type %i is refused with EINVAL', (type) => {
    using wire = new Wire();
    expect(wire.attach().raw(header(5, 13, 16, type))).toMatchObject([{ errno: ERRNO.EINVAL }]);
    expect(wire.device.calls).not.toContain('reset');
  });

  test.each([0, 6, 11, 12, 14, 15, 19, 999, 0xffff])(
    'of command %i, which is not served, is refused with EINVAL',
    (command) => {
      using wire = new Wire();
      expect(wire.attach().code(command, new Uint8Array(64))).toBe('EINVAL');
    },
  );

  test.each([2, 3, 4, 5, 7, 8, 9, 10, 16, 17, 18])(
    'of command %i without payload is refused with EINVAL',
    (command) => {
      using wire = new Wire();
      expect(wire.attach().code(command, new Uint8Array(0))).toBe('EINVAL');
    },
  );

  test.each([
    [2, 32],
    [3, 24],
    [4, 16],
    [5, 32],
    [7, 16],
    [8, 20],
    [9, 16],
    [10, 16],
    [16, 8],
    [17, 8],
    [18, 8],
  ])('of command %i with a byte less than its %i is refused with EINVAL', (command, size) => {
    using wire = new Wire();
    expect(wire.attach().code(command, new Uint8Array(size - 1))).toBe('EINVAL');
  });

  test.each([2, 4, 5, 8, 9, 10, 13, 999])(
    'of command %i that wants no reply gets none, not even an error',
    (command) => {
      using wire = new Wire();
      expect(wire.attach().send(command, new Uint8Array(0), [], 0x10)).toEqual([]);
    },
  );

  test('that is refused closes the descriptors that came with it', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using first = wire.fds.eventfd();
    using second = wire.fds.eventfd();
    expect(peer.code(8, irqSet(0x22, 2, 0, 1, Uint8Array.of(1)), [first, second])).toBe('EINVAL');
    expect(wire.extraFds).toBe(2);
  });

  test.each([2, 3, 4, 5, 7, 9, 10, 13, 16, 17, 18, 999])(
    'of command %i closes descriptors it has no use for',
    (command) => {
      using wire = new Wire();
      const peer = wire.attach();
      using fd = wire.fds.eventfd();
      peer.send(command, new Uint8Array(64), [fd]);
      expect(wire.extraFds).toBe(1);
    },
  );

  test('with more descriptors than anybody sends closes them all', () => {
    using wire = new Wire();
    const peer = wire.attach();
    using fd = wire.fds.eventfd();
    const many = Array.from({ length: MAX_MSG_FDS_LIMIT }, () => fd);
    expect(peer.code(8, irqSet(0x24, 2, 0, 1), many)).toBe('EINVAL');
    expect(wire.extraFds).toBe(1);
  });

  test('may come in pieces cut at any byte', () => {
    using wire = new Wire();
    const peer = wire.attach();
    const message = bytesOf(header(7, 9, 32), regionAccess(0, 0x10, 4));
    for (let cut = 1; cut < message.length; cut++) {
      expect(peer.raw(message.subarray(0, cut))).toEqual([]);
      expect(peer.raw(message.subarray(cut))).toMatchObject([{ id: 7, flags: 1, size: 36 }]);
    }
  });

  test('is answered in its turn when several come at once', () => {
    using wire = new Wire();
    const peer = wire.attach();
    const resets = [3, 3, 1].map((id) => header(id, 13, 16));
    const replies = peer.raw(bytesOf(...resets));
    expect(replies.map(({ id }) => id)).toEqual([3, 3, 1]);
  });

  test('gets the error number of the device', () => {
    using wire = new Wire();
    wire.device.fail = { op: 'reset', error: new VfioError('EBUSY', 'reset', 'not now') };
    expect(wire.attach().code(13, new Uint8Array(0))).toBe('EBUSY');
  });

  test.each([
    ['an Error', new Error('driver bug')],
    ['a TypeError', new TypeError('x is undefined')],
    ["an error of Node's", Object.assign(new Error('open'), { code: 'ENOENT', errno: -2 })],
    ['a string', 'boom'],
    ['undefined', undefined],
  ])('gets EIO and a log line when the device throws %s', (_, error) => {
    using wire = new Wire();
    const peer = wire.attach();
    wire.device.fail = { op: 'reset', error };
    expect(peer.code(13, new Uint8Array(0))).toBe('EIO');
    expect(wire.logger.at('error')).toMatchObject([{ error }]);
    peer.ok(13, new Uint8Array(0));
  });
});

describe('a connection', () => {
  test('that ends at any byte of a message leaves the server ready for the next', () => {
    using wire = new Wire();
    const message = bytesOf(header(7, 9, 32), regionAccess(0, 0x10, 4));
    for (let cut = 0; cut <= message.length; cut++) {
      const peer = wire.attach();
      if (cut > 0) peer.raw(message.subarray(0, cut));
      peer.close();
      expect(wire.server.connections).toBe(0);
    }
    expect(wire.device.opens).toBe(message.length + 1);
  });

  test('whose client does not read its replies is ended', () => {
    using wire = new Wire({ maxQueuedBytes: 0x1000 });
    const peer = wire.attach();
    peer.transport.pause(true);
    peer.send(9, regionAccess(0, 0, 0x2000));
    expect(wire.server.connections).toBe(0);
    peer.transport.pause(false);
  });
});
