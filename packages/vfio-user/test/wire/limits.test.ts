// Every limit of a server: what is above is refused, and nothing grows.

import { describe, expect, test } from 'vitest';
import { maxMessageSize, DEFAULT_LIMITS } from '../../src/protocol.ts';
import { bytesOf, dmaMap, regionAccess, u16, version } from './support/payloads.ts';
import { Wire } from './support/wire.ts';

const PAGE = 0x1000;

describe('negotiationTimeout', () => {
  test('ends a connection that says nothing', () => {
    using wire = new Wire({ negotiationTimeout: 5000 });
    const peer = wire.connect();
    wire.clock.advance(4999);
    peer.deliver();
    expect(peer.isClosed).toBe(false);
    wire.clock.advance(1);
    peer.deliver();
    expect(peer.isClosed).toBe(true);
    expect(wire.server.connections).toBe(0);
  });

  test('ends a connection that stops within its first message', () => {
    using wire = new Wire({ negotiationTimeout: 5000 });
    const peer = wire.connect();
    peer.raw(bytesOf(u16(1), u16(1), 1000, 0, 0, version(0, 2, '{"cap')));
    wire.clock.advance(5000);
    peer.deliver();
    expect(peer.isClosed).toBe(true);
  });

  test('does not end a client that has negotiated', () => {
    using wire = new Wire({ negotiationTimeout: 5000 });
    const peer = wire.attach();
    expect(wire.clock.timers).toBe(0);
    wire.clock.advance(100_000);
    peer.ok(9, regionAccess(0, 0, 4));
  });

  test('leaves no timer for a connection that has gone', () => {
    using wire = new Wire();
    wire.connect().close();
    expect(wire.clock.timers).toBe(0);
  });

  test('is 5 s where nothing is said', () => {
    expect(DEFAULT_LIMITS.negotiationTimeout).toBe(5000);
  });
});

describe('maxVersionJson', () => {
  test.each([
    [14, 'ok'],
    [13, 'EINVAL'],
  ])('of %i bytes: a text of 13 and a NUL gives %s', (maxVersionJson, code) => {
    using wire = new Wire({ maxVersionJson });
    expect(wire.connect().code(1, version(0, 2, '{"a":"12345"}'))).toBe(code);
  });
});

describe('maxDmaMaps', () => {
  test('refuses one more with ENOSPC, and takes it once another has gone', () => {
    using wire = new Wire({ maxDmaMaps: 1 });
    const peer = wire.attach();
    using fd = wire.fds.memory('ram', PAGE);
    peer.ok(2, dmaMap(0, PAGE), [fd]);
    expect(peer.code(2, dmaMap(PAGE, PAGE), [fd])).toBe('ENOSPC');
    expect(wire.extraFds).toBe(2);
    peer.ok(3, bytesOf(24, 0, { u64: 0 }, { u64: PAGE }));
    peer.ok(2, dmaMap(PAGE, PAGE), [fd]);
  });
});

describe('maxDataXferSize', () => {
  test.each([
    [16, 'ok'],
    [17, 'EINVAL'],
  ])('of 16: an access of %i bytes gives %s', (count, code) => {
    using wire = new Wire({ maxDataXferSize: 16 });
    const peer = wire.attach();
    expect(peer.code(9, regionAccess(0, 0, count))).toBe(code);
    expect(peer.code(10, regionAccess(0, 0, count, new Uint8Array(count)))).toBe(code);
  });

  test('is what the longest message is measured by, the text of a VERSION aside', () => {
    expect(maxMessageSize(DEFAULT_LIMITS)).toBe(0x100020);
    expect(maxMessageSize({ ...DEFAULT_LIMITS, maxDataXferSize: 4 << 20 })).toBe(0x400020);
    expect(maxMessageSize({ ...DEFAULT_LIMITS, maxDataXferSize: 16 })).toBe(16384 + 32);
  });
});

describe('maxConnections', () => {
  test('counts connections that have not negotiated', () => {
    using wire = new Wire({ maxConnections: 2 });
    wire.connect();
    wire.attach();
    const third = wire.connect();
    third.deliver();
    expect(third.isClosed).toBe(true);
  });
});

describe('maxMsgFds', () => {
  test('is said to the client', () => {
    using wire = new Wire({ maxMsgFds: 3 });
    const { payload } = wire.connect().ok(1, version(0, 2, '{}'));
    expect(new TextDecoder().decode(payload)).toContain('"max_msg_fds":3');
  });
});
