import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VfioError } from '@vfio-ts/core';
import { PEER_PROFILES } from '../../src/peer.ts';
import { bytesOf, u64 } from './support/payloads.ts';
import { Wire, type WirePeer } from './support/wire.ts';

const WRITE_MULTI = 15;
const NO_REPLY = 0x10;
const ASKS = '{"capabilities":{"write_multiple":true}}';

interface Write {
  readonly offset: number | bigint;
  readonly region: number;
  readonly data: Uint8Array;
  readonly count?: number;
}

function payload(writes: readonly Write[], count: number | bigint = writes.length): Uint8Array {
  const entries = writes.map(({ offset, region, data, count: bytes }) => {
    const padded = new Uint8Array(8);
    padded.set(data.subarray(0, 8));
    return bytesOf(u64(offset), region, bytes ?? data.length, padded);
  });
  return bytesOf(u64(count), ...entries);
}

const write = (offset: number, ...data: number[]): Write => ({
  offset,
  region: 0,
  data: Uint8Array.from(data),
});

const writesOf = (wire: Wire): number =>
  wire.device.calls.filter((call) => call === 'write').length;

/** What is in the device after a client has used it. */
function bytesAfter(act: (peer: WirePeer) => void): Uint8Array {
  using wire = new Wire();
  act(wire.attach(ASKS));
  return wire.device.bytes.slice();
}

describe('REGION_WRITE_MULTI', () => {
  test.each([
    [ASKS, 2, undefined, true],
    ['{}', 2, undefined, false],
    ['{"capabilities":{"write_multiple":false}}', 2, undefined, false],
    ['{"capabilities":{"write_multiple":true,"pgsizes":4096}}', 0, undefined, false],
    [
      '{"capabilities":{"write_multiple":true,"pgsizes":4096}}',
      0,
      { ...PEER_PROFILES.qemu, writeMultiple: true },
      true,
    ],
  ])('is agreed on with a client that asks and is safe, %#', (json, minor, profile, isAgreed) => {
    using wire = new Wire({}, profile);
    const peer = wire.connect();
    const text = bytesOf({ u16: 0 }, { u16: minor }, new TextEncoder().encode(`${json}\0`));
    const reply = new TextDecoder().decode(peer.ok(1, text).payload.subarray(4));
    expect(reply.includes('"write_multiple":true')).toBe(isAgreed);
    expect(peer.code(WRITE_MULTI, payload([write(0, 1)]))).toBe(isAgreed ? 'ok' : 'EINVAL');
  });

  test('does all writes in their order and says how many', () => {
    using wire = new Wire();
    const peer = wire.attach(ASKS);
    const writes = [write(0, 1, 2, 3, 4), write(2, 9), write(8, 1, 2, 3, 4, 5, 6, 7, 8)];
    expect(peer.ok(WRITE_MULTI, payload(writes)).payload).toEqual(bytesOf(u64(3)));
    expect(wire.device.bytes.subarray(0, 16)).toEqual(
      Uint8Array.of(1, 2, 9, 4, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8),
    );
  });

  test('of no writes at all is a success', () => {
    using wire = new Wire();
    expect(wire.attach(ASKS).ok(WRITE_MULTI, payload([])).payload).toEqual(bytesOf(u64(0)));
  });

  test('ends at the first write that fails and says how many were done', () => {
    using wire = new Wire();
    const peer = wire.attach(ASKS);
    const writes = [write(0, 1), write(0x200000, 2), write(1, 3)];
    expect(peer.ok(WRITE_MULTI, payload(writes)).payload).toEqual(bytesOf(u64(1)));
    expect(wire.device.bytes.subarray(0, 2)).toEqual(Uint8Array.of(1, 0));
  });

  test('whose first write fails is the error of that', () => {
    using wire = new Wire();
    const peer = wire.attach(ASKS);
    wire.device.fail = { op: 'write', error: new VfioError('EIO', 'write', 'broken') };
    expect(peer.code(WRITE_MULTI, payload([write(0, 1), write(1, 2)]))).toBe('EIO');
    expect(wire.device.bytes.subarray(0, 2)).toEqual(Uint8Array.of(0, 0));
  });

  test('without reply gets none, and a write that fails does not keep the others from it', () => {
    using wire = new Wire();
    const peer = wire.attach(ASKS);
    const writes = [write(0x200000, 2), write(0, 7), write(1, 3)];
    expect(peer.send(WRITE_MULTI, payload(writes), [], NO_REPLY)).toEqual([]);
    expect(wire.device.bytes.subarray(0, 2)).toEqual(Uint8Array.of(7, 3));
  });

  test('takes 200 writes, as many as QEMU sends', () => {
    using wire = new Wire();
    const peer = wire.attach(ASKS);
    const writes = Array.from({ length: 200 }, (_, index) => write(index, index));
    expect(peer.ok(WRITE_MULTI, payload(writes)).payload).toEqual(bytesOf(u64(200)));
    expect(wire.device.bytes[199]).toBe(199);
  });

  test.each([
    ['201 writes', payload(Array.from({ length: 201 }, () => write(0, 1)))],
    ['a count above its entries', payload([write(0, 1)], 2)],
    ['a count below its entries', payload([write(0, 1), write(0, 1)], 1)],
    ['a count of 2^64 - 1', payload([write(0, 1)], 2n ** 64n - 1n)],
    ['a write of 9 bytes', payload([write(0, 1), { ...write(0, 1), count: 9 }])],
    ['a write of 2^32 - 1 bytes', payload([write(0, 1), { ...write(0, 1), count: 0xffffffff }])],
    ['a write of no bytes', payload([write(0, 1), { ...write(0), count: 0 }])],
    ['an offset of 2^64 - 1', payload([write(0, 1), { ...write(0, 1), offset: 2n ** 64n - 1n }])],
    ['half an entry', payload([write(0, 1)]).subarray(0, 20)],
    ['7 bytes', new Uint8Array(7)],
  ])('with %s is EINVAL and writes nothing', (_, bytes) => {
    using wire = new Wire();
    expect(wire.attach(ASKS).code(WRITE_MULTI, bytes)).toBe('EINVAL');
    expect(writesOf(wire)).toBe(0);
  });

  test('does what the writes do one by one', () => {
    const one = fc.record({
      offset: fc.oneof(fc.nat(0x40), fc.nat(0x200008)),
      region: fc.nat(9),
      data: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), (writes) => {
        const together = bytesAfter((peer) =>
          peer.send(WRITE_MULTI, payload(writes), [], NO_REPLY),
        );
        const apart = bytesAfter((peer) => {
          for (const { offset, region, data } of writes) {
            peer.send(10, bytesOf(u64(offset), region, data.length, data), [], NO_REPLY);
          }
        });
        expect(together).toEqual(apart);
      }),
      { numRuns: 20 },
    );
  });
});
