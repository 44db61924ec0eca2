// Whatever a client sends: one reply for each command that wants one, nothing thrown, nothing kept.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOf, dmaMap, dmaUnmap, irqSet, regionAccess, u64 } from './support/payloads.ts';
import { Wire } from './support/wire.ts';

const word = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 4, 7, 8, 16, 20, 24, 32, 0x24, 0x1000, 0x2000, 0x7fffffff),
  fc.constantFrom(0x80000000, 0xffffffff),
  fc.nat({ max: 0xffffffff }),
);
const long = fc.oneof(
  fc.constantFrom(0n, 0x1000n, 0x2000n, 2n ** 43n, 2n ** 52n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 0x10000n }),
);

/** Payloads near the right ones, and any others. */
const command = fc.oneof(
  fc.tuple(word, long, word).map(([region, offset, count]) => ({
    number: 9,
    payload: regionAccess(region % 9, offset, count),
  })),
  fc.tuple(word, long, word, fc.uint8Array()).map(([region, offset, count, data]) => ({
    number: 10,
    payload: regionAccess(region % 9, offset, count % 2 === 0 ? data.length : count, data),
  })),
  fc.tuple(long, long, word, long, word).map(([iova, size, flags, offset, argsz]) => ({
    number: 2,
    payload: dmaMap(iova, size, flags % 16, offset, argsz % 2 === 0 ? 32 : argsz),
  })),
  fc.tuple(long, long, word, long, long).map(([iova, size, flags, pageSize, bytes]) => ({
    number: 3,
    payload: bytesOf(dmaUnmap(iova, size, flags % 4, 64), u64(pageSize), u64(bytes)),
  })),
  fc.tuple(word, word, word, word, fc.uint8Array({ maxLength: 4 })).map((fields) => {
    const [flags, index, start, count, bools] = fields;
    return { number: 8, payload: irqSet(flags % 64, index % 6, start, count % 4, bools) };
  }),
  fc.record({ number: fc.nat({ max: 20 }), payload: fc.uint8Array({ maxLength: 96 }) }),
  fc.tuple(fc.nat({ max: 20 }), fc.array(word, { maxLength: 12 })).map(([number, words]) => ({
    number,
    payload: bytesOf(...words),
  })),
);

const message = fc.record({
  command,
  noReply: fc.boolean(),
  fds: fc.array(fc.constantFrom('event', 'memory', 'other'), { maxLength: 4 }),
});

test('every command that wants a reply gets exactly one, and nothing is kept', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 40 }), (messages) => {
      using wire = new Wire();
      const peer = wire.attach();
      const kinds = {
        event: wire.fds.eventfd(),
        memory: wire.fds.memory('ram', 0x4000),
        other: wire.fds.open({ kind: 'other' }),
      };
      for (const { command: sent, noReply, fds } of messages) {
        const carried = fds.map((kind) => kinds[kind]);
        const replies = peer.send(sent.number, sent.payload, carried, noReply ? 0x10 : 0);
        expect(replies).toHaveLength(noReply ? 0 : 1);
        for (const { flags, size, fds: received } of replies) {
          expect(flags === 1 || (flags === 0x21 && size === 16)).toBe(true);
          for (const fd of received) fd.close();
        }
      }
      expect(peer.code(13, new Uint8Array(0))).toBe('ok');
      expect(wire.logger.at('error')).toEqual([]);
      peer.close();
      for (const fd of Object.values(kinds)) fd.close();
      expect(wire.extraFds).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test('any bytes at all end in a closed session or in replies', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (pieces) => {
      using wire = new Wire();
      const peer = wire.attach();
      for (const bytes of pieces) {
        if (!peer.isClosed && bytes.length > 0) peer.raw(bytes);
      }
      peer.close();
      expect(wire.attach().code(13, new Uint8Array(0))).toBe('ok');
    }),
    { numRuns: 100 },
  );
});
