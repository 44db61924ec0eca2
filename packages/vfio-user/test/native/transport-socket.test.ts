import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { socketPair } from '../../src/connect.ts';
import { EventFd } from '../../src/eventfd.ts';
import { OwnedFd } from '../../src/fd.ts';
import type { EventLoop } from '../../src/loop.ts';
import { MSG_DONTWAIT } from '../../src/native/constants.ts';
import * as libc from '../../src/native/libc.ts';
import { WOULD_BLOCK } from '../../src/native/failure.ts';
import { mapPrivate, PAGE_SIZE } from '../../src/native/memory.ts';
import { MessageBlock, sendWithFds } from '../../src/native/message.ts';
import { SocketTransport, type SocketTransportOptions } from '../../src/transport-socket.ts';
import {
  Collector,
  frame,
  expectFds,
  expectNone,
  openFds,
  testLoop,
  turns,
  until,
} from './support.ts';

let loop: EventLoop;
let errors: unknown[];
let openBefore: number;

beforeEach(() => {
  openBefore = openFds();
  ({ loop, errors } = testLoop());
});

afterEach(async () => {
  loop.close();
  await turns(2);
  expectNone(errors);
  expectFds(openBefore);
});

/** A started transport and the bare socket at its other end. */
function bare(options?: SocketTransportOptions): {
  transport: SocketTransport;
  got: Collector;
  peer: OwnedFd;
} {
  const [a, b] = libc.socketpairUnix();
  const transport = new SocketTransport(new OwnedFd(a), loop, options);
  const got = new Collector();
  transport.start(got);
  return { transport, got, peer: new OwnedFd(b) };
}

function put(peer: OwnedFd, bytes: Uint8Array, fds: readonly number[] = []): void {
  expect(sendWithFds(peer.number, bytes, bytes.length, fds, MSG_DONTWAIT)).toBe(bytes.length);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Every place inside a message of 48 bytes. */
const places = Array.from({ length: 47 }, (_, index) => index + 1);

describe('messages', () => {
  test('go both ways with their bytes', async () => {
    const [a, b] = socketPair(loop);
    const atA = new Collector();
    const atB = new Collector();
    a.start(atA);
    b.start(atB);
    b.send(frame(48), 48);
    a.send(frame(100, 7), 100);
    await until(() => atA.frames.length === 1 && atB.frames.length === 1);
    expect(atA.frames[0]?.bytes).toEqual(frame(48));
    expect(atB.frames[0]?.bytes).toEqual(frame(100, 7));
    a.close();
    await until(() => atB.ends.length === 1);
  });

  test('that came in one piece are delivered one by one in order', async () => {
    const { transport, got, peer } = bare();
    put(peer, join(frame(16, 1), frame(17, 2), frame(36, 3), frame(200, 4), frame(16, 5)));
    await until(() => got.frames.length === 5);
    expect(got.frames.map(({ bytes }) => bytes[2])).toEqual([1, 2, 3, 4, 5]);
    expect(got.frames.map(({ bytes }) => bytes.length)).toEqual([16, 17, 36, 200, 16]);
    transport.close();
    peer.close();
  });

  test.for(places)('arrive whole when cut after byte %i', async (cut) => {
    const message = frame(48, 9);
    const { transport, got, peer } = bare();
    put(peer, message.slice(0, cut));
    await turns(2);
    expect(got.frames).toEqual([]);
    put(peer, message.slice(cut));
    await until(() => got.frames.length === 1);
    expect(got.frames[0]?.bytes).toEqual(message);
    transport.close();
    peer.close();
  });

  test('arrive whole and with their own descriptors in whatever pieces they come', async () => {
    const piece = fc.record({
      size: fc.integer({ min: 36, max: 300 }),
      fds: fc.integer({ min: 0, max: 3 }),
      cuts: fc.array(fc.integer({ min: 1, max: 299 }), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 8 }), async (messages) => {
        const { transport, got, peer } = bare();
        using event = EventFd.create();
        for (const { size, fds, cuts } of messages) {
          const bytes = frame(size);
          const ends = [...new Set(cuts.filter((cut) => cut < size)), size].toSorted(
            (x, y) => x - y,
          );
          let start = 0;
          for (const end of ends) {
            const numbers = start === 0 ? Array.from({ length: fds }, () => event.fd.number) : [];
            put(peer, bytes.slice(start, end), numbers);
            start = end;
          }
        }
        await until(() => got.frames.length === messages.length);
        expect(got.frames.map(({ bytes, fdCount }) => [bytes.length, fdCount])).toEqual(
          messages.map(({ size, fds }) => [size, fds]),
        );
        transport.close();
        peer.close();
      }),
      { numRuns: 40 },
    );
  });

  test('of the largest size pass and give their memory back when idle', async () => {
    const { transport, got, peer } = bare();
    const other = new SocketTransport(peer, loop);
    other.start(new Collector());
    const large = frame(0x100020);
    other.send(large, large.length);
    await until(() => got.frames.length === 1);
    expect(Buffer.compare(got.frames[0]?.bytes ?? new Uint8Array(), large)).toBe(0);
    expect(other.queuedBytes).toBe(0);
    transport.close();
    other.close();
  });

  test.for([0, 15, 0x100021, 0xffffffff])('of 0x%s bytes end the connection', async (size) => {
    const { got, peer } = bare();
    const header = frame(16);
    new DataView(header.buffer).setUint32(4, size, true);
    put(peer, header);
    await until(() => got.ends.length === 1);
    expect(got.malformedSizes).toEqual([size]);
    expect(got.ends[0]?.code).toBe('EPROTO');
    peer.close();
  });

  test('a malformed header can be answered before the connection ends', async () => {
    const { transport, got, peer } = bare();
    got.malformed = () => transport.send(frame(16, 0x55), 16);
    put(peer, frame(16).fill(0));
    await until(() => got.ends.length === 1);
    const reply = new Uint8Array(16);
    expect(libc.recv(peer.number, reply, 16, MSG_DONTWAIT)).toBe(16);
    expect(reply).toEqual(frame(16, 0x55));
    peer.close();
  });
});

describe('descriptors', () => {
  test('of a message in one piece with the next stay with their own', async () => {
    const { transport, got, peer } = bare();
    using event = EventFd.create();
    put(peer, frame(32, 1));
    put(peer, frame(36, 2), [event.fd.number, event.fd.number]);
    put(peer, frame(32, 3));
    await until(() => got.frames.length === 3);
    expect(got.frames.map(({ fdCount }) => fdCount)).toEqual([0, 2, 0]);
    transport.close();
    peer.close();
  });

  test('belong to the first of two messages sent by one call', async () => {
    const { transport, got, peer } = bare();
    using event = EventFd.create();
    put(peer, join(frame(48, 1), frame(48, 2)), [event.fd.number]);
    await until(() => got.frames.length === 2);
    expect(got.frames.map(({ fdCount }) => fdCount)).toEqual([1, 0]);
    transport.close();
    peer.close();
  });

  test('that come with either half of a header belong to the message', async () => {
    const { transport, got, peer } = bare();
    using event = EventFd.create();
    put(peer, frame(40).slice(0, 5), [event.fd.number]);
    await turns(2);
    put(peer, frame(40).slice(5), [event.fd.number]);
    await until(() => got.frames.length === 1);
    expect(got.frames[0]?.fdCount).toBe(2);
    transport.close();
    peer.close();
  });

  test('that come with payload are closed', async () => {
    const { transport, got, peer } = bare();
    using event = EventFd.create();
    put(peer, frame(100).slice(0, 50));
    await turns(2);
    put(peer, frame(100).slice(50), [event.fd.number]);
    await until(() => got.frames.length === 1);
    expect(got.frames[0]?.fdCount).toBe(0);
    transport.close();
    peer.close();
  });

  test('beyond the limit are closed', async () => {
    const { transport, got, peer } = bare({ maxFds: 3 });
    using event = EventFd.create();
    put(
      peer,
      frame(48),
      Array.from({ length: 253 }, () => event.fd.number),
    );
    await until(() => got.frames.length === 1);
    expect(got.frames[0]?.fdCount).toBe(3);
    transport.close();
    peer.close();
  });

  test('of a message that never becomes whole are closed', async () => {
    const { got, peer } = bare();
    using event = EventFd.create();
    put(peer, frame(48).slice(0, 20), [event.fd.number]);
    await turns(2);
    peer.close();
    await until(() => got.ends.length === 1);
    expect(got.frames).toEqual([]);
  });

  test("stay the sender's and work at the receiver", async () => {
    const [a, b] = socketPair(loop);
    const got = new Collector();
    using event = EventFd.create();
    got.onFrame = ([fd]) => fd !== undefined && new EventFd(fd).signal();
    a.start(new Collector());
    b.start(got);
    a.send(frame(48), 48, [event.fd]);
    await until(() => got.frames.length === 1);
    expect(event.read()).toBe(1);
    a.close();
    b.close();
  });

  test('that are closed cannot be sent, and the connection goes on', async () => {
    const [a, b] = socketPair(loop);
    const got = new Collector();
    a.start(new Collector());
    b.start(got);
    const event = EventFd.create();
    event.close();
    expect(() => a.send(frame(48), 48, [event.fd])).toThrow(
      expect.objectContaining({ code: 'EBADF' }),
    );
    a.send(frame(48), 48);
    await until(() => got.frames.length === 1);
    a.close();
    b.close();
  });

  test('that are queued go with the first byte of their message only', async () => {
    const [a, b] = socketPair(loop);
    const got = new Collector();
    a.start(new Collector());
    b.start(got);
    using event = EventFd.create();
    const large = frame(200000);
    for (let count = 0; count < 5; count++) a.send(large, large.length, [event.fd]);
    expect(a.queuedBytes).toBeGreaterThan(0);
    await until(() => got.frames.length === 5);
    expect(got.frames.map(({ fdCount }) => fdCount)).toEqual([1, 1, 1, 1, 1]);
    expect(got.frames.every(({ bytes }) => Buffer.compare(bytes, large) === 0)).toBe(true);
    a.close();
    b.close();
  });
});

test('the rest of a message that had no room goes without descriptors', async () => {
  const { transport, peer } = bare();
  using event = EventFd.create();
  using memory = mapPrivate(64 * PAGE_SIZE);
  const message = new MessageBlock(memory);
  transport.send(frame(0x100000), 0x100000, [event.fd]);
  expect(transport.queuedBytes).toBeGreaterThan(0);
  expect(transport.queuedBytes).toBeLessThan(0x100000);
  let fdCount = 0;
  let size = 0;
  await until(() => {
    const count = message.receive(
      peer.number,
      memory.address + PAGE_SIZE,
      63 * PAGE_SIZE,
      MSG_DONTWAIT,
    );
    if (count === WOULD_BLOCK) return false;
    for (let index = 0; index < message.fdCount; index++) libc.close(message.fd(index));
    fdCount += message.fdCount;
    size += count;
    return size === 0x100000;
  });
  expect(fdCount).toBe(1);
  transport.close();
  peer.close();
});

test('a connection with much to receive lets another in between', async () => {
  const first = bare();
  const second = bare();
  for (let count = 0; count < 100; count++) put(first.peer, frame(32));
  put(second.peer, frame(32));
  let before = 0;
  second.got.onFrame = () => (before = first.got.frames.length);
  await until(() => second.got.frames.length === 1);
  expect(before).toBeLessThan(100);
  await until(() => first.got.frames.length === 100);
  for (const { transport, peer } of [first, second]) {
    transport.close();
    peer.close();
  }
});

describe('the end', () => {
  test('between two messages has no error', async () => {
    const { got, peer } = bare();
    put(peer, frame(32));
    peer.close();
    await until(() => got.ends.length === 1);
    expect(got.frames).toHaveLength(1);
    expect(got.ends).toEqual([undefined]);
  });

  test.for(places)('after byte %i of a message is ECONNRESET', async (cut) => {
    const { got, peer } = bare();
    put(peer, frame(48).slice(0, cut));
    peer.close();
    await until(() => got.ends.length === 1);
    expect(got.frames).toEqual([]);
    expect(got.ends[0]?.code).toBe('ECONNRESET');
  });

  test('found while sending closes the connection and does not throw or signal', async () => {
    const { transport, got, peer } = bare();
    peer.close();
    transport.send(frame(32), 32);
    expect(got.ends[0]?.code).toBe('EPIPE');
    expect(() => transport.send(frame(32), 32)).toThrow(
      expect.objectContaining({ code: 'ENOTCONN' }),
    );
    await turns(1);
    expect(got.ends).toHaveLength(1);
  });

  test('found with messages queued closes their descriptors', async () => {
    const { transport, got, peer } = bare();
    using event = EventFd.create();
    const large = frame(400000);
    transport.send(large, large.length, [event.fd]);
    transport.send(large, large.length, [event.fd]);
    peer.close();
    await until(() => got.ends.length === 1);
    expect(transport.queuedBytes).toBe(0);
  });

  test('by close calls closed once with the given error before it returns', () => {
    const { transport, got, peer } = bare();
    transport.close();
    transport.close();
    expect(got.ends).toEqual([undefined]);
    expect(transport.fd).toBe(-1);
    peer.close();
  });

  test('while a message is handled leaves the message readable until its handler returns', async () => {
    const { transport, got, peer } = bare();
    let kept: Uint8Array | undefined;
    got.onFrame = (_fds, { bytes }) => {
      transport.close();
      expect(bytes[2]).toBe(7);
      kept = bytes;
    };
    put(peer, frame(32, 7));
    await until(() => got.ends.length === 1);
    expect(kept?.length).toBe(0);
    peer.close();
  });

  test('while a message is handled drops the messages behind it', async () => {
    const { transport, got, peer } = bare();
    got.onFrame = () => transport.close();
    put(peer, join(frame(16, 1), frame(16, 2)));
    await until(() => got.ends.length === 1);
    await turns(3);
    expect(got.frames).toHaveLength(1);
    peer.close();
  });

  test('comes with EIO when the handler of a message throws', async () => {
    const { got, peer } = bare();
    got.onFrame = () => {
      throw new Error('driver');
    };
    put(peer, frame(32));
    await until(() => got.ends.length === 1);
    expect(got.ends[0]?.code).toBe('EIO');
    expect(got.ends[0]?.cause).toEqual(new Error('driver'));
    peer.close();
  });

  test('of a transport that was never started closes its socket', () => {
    const [a, b] = socketPair(loop);
    a.close();
    b.close();
    expect([a.fd, b.fd]).toEqual([-1, -1]);
  });
});

describe('backpressure', () => {
  test('queued bytes are counted and drain when the peer reads', async () => {
    const [a, b] = socketPair(loop);
    const got = new Collector();
    a.start(new Collector());
    b.start(got);
    b.pause(true);
    const large = frame(0x80000);
    a.send(large, large.length);
    a.send(large, large.length);
    await turns(3);
    expect(a.queuedBytes).toBeGreaterThan(0x80000);
    b.pause(false);
    await until(() => got.frames.length === 2);
    expect(a.queuedBytes).toBe(0);
    a.close();
    b.close();
  });

  test('a paused connection receives nothing, then everything', async () => {
    const { transport, got, peer } = bare();
    transport.pause(true);
    put(peer, join(frame(16, 1), frame(16, 2)));
    await turns(5);
    expect(got.frames).toEqual([]);
    transport.pause(false);
    await until(() => got.frames.length === 2);
    transport.close();
    peer.close();
  });

  test('a pause between two messages that came together keeps the second', async () => {
    const { transport, got, peer } = bare();
    got.onFrame = () => transport.pause(true);
    put(peer, join(frame(16, 1), frame(16, 2)));
    await until(() => got.frames.length === 1);
    await turns(5);
    expect(got.frames).toHaveLength(1);
    transport.pause(false);
    await until(() => got.frames.length === 2);
    transport.close();
    peer.close();
  });

  test('a paused connection whose peer is gone delivers what was sent before', async () => {
    const { transport, got, peer } = bare();
    transport.pause(true);
    put(peer, frame(16));
    peer.close();
    await turns(5);
    expect(got.ends).toEqual([]);
    transport.pause(false);
    await until(() => got.ends.length === 1);
    expect(got.frames).toHaveLength(1);
  });
});

test('a second start throws EINVAL', () => {
  const { transport, peer } = bare();
  expect(() => transport.start(new Collector())).toThrow(
    expect.objectContaining({ code: 'EINVAL' }),
  );
  transport.close();
  peer.close();
});

test('the peer is this process, for a pair made here', () => {
  const { transport, peer } = bare();
  expect(transport.peer.pid).toBe(process.pid);
  transport.close();
  expect(() => transport.peer).toThrow(expect.objectContaining({ code: 'ENOTCONN' }));
  peer.close();
});

test.for([0, -1, 33])('sending %s of 32 bytes throws EINVAL', (length) => {
  const { transport, peer } = bare();
  expect(() => transport.send(frame(32), length)).toThrow(
    expect.objectContaining({ code: 'EINVAL' }),
  );
  transport.close();
  peer.close();
});
