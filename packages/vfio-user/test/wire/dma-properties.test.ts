// Whatever a client takes in a message and in whatever order it answers: what the device asks for is what it gets.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERRNO } from '@vfio-ts/core';
import { PEER_PROFILES, type PeerProfile } from '../../src/peer.ts';
import { bytesOf, dmaMap, dmaUnmap, u16, u64 } from './support/payloads.ts';
import { settled } from '../client/support.ts';
import { Wire, type WirePeer, type WireReply } from './support/wire.ts';

const BASE = 0x10000;
const SLOT = 0x200;
const SLOTS = 16;

/** A guest that keeps its memory, in the layout of its profile. */
class Guest {
  readonly memory: Uint8Array = new Uint8Array(SLOT * SLOTS);
  readonly #peer: WirePeer;
  readonly #dataAt: number;
  readonly #waiting: WireReply[] = [];
  messages = 0;
  longest = 0;

  constructor(peer: WirePeer, dataAt: number) {
    this.#peer = peer;
    this.#dataAt = dataAt;
  }

  /** Answers all there is, each time the one that `choose` says. */
  answer(choose: (count: number) => number): void {
    this.#listen();
    while (this.#waiting.length > 0) {
      const [request] = this.#waiting.splice(choose(this.#waiting.length), 1);
      if (request !== undefined)
        this.#peer.raw(this.#reply(request)).forEach((next) => this.#take(next));
      this.#listen();
    }
  }

  #listen(): void {
    this.#peer.deliver();
    for (const request of this.#peer.replies.splice(0)) this.#take(request);
  }

  #take(request: WireReply): void {
    this.#waiting.push(request);
  }

  #reply({ id, command, payload }: WireReply): Uint8Array {
    const view = new DataView(payload.buffer);
    const at = view.getUint32(0, true) - BASE;
    const count = view.getUint32(8, true);
    this.messages++;
    this.longest = Math.max(this.longest, count);
    const head = payload.slice(0, 16);
    if (command === 12) {
      this.memory.set(payload.subarray(this.#dataAt, this.#dataAt + count), at);
      const body = this.#dataAt === 12 ? bytesOf() : head;
      return bytesOf(u16(id), u16(12), 16 + body.length, 1, 0, body);
    }
    const body = new Uint8Array(16 + count);
    body.set(head);
    body.set(this.memory.subarray(at, at + count), this.#dataAt);
    return bytesOf(u16(id), u16(11), 16 + body.length, 1, 0, body);
  }
}

const profiles: readonly (readonly [string, PeerProfile, number])[] = [
  ['the specified layout', PEER_PROFILES.generic, 16],
  ['the layout of QEMU 10', { ...PEER_PROFILES.qemu, dmaLayout: 'qemu' }, 12],
];

describe.each(profiles)('accesses in %s', (_, profile, dataAt) => {
  test('of any lengths, answered in any order, move every byte to its place', async () => {
    const slot = fc.uint8Array({ minLength: 1, maxLength: SLOT });
    await fc.assert(
      fc.asyncProperty(
        fc.array(slot, { minLength: 1, maxLength: SLOTS }),
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: 20 }),
        fc.infiniteStream(fc.nat()),
        async (slots, maxData, window, order) => {
          using wire = new Wire({ maxDmaMessages: window }, profile);
          const peer = wire.attach(`{"capabilities":{"max_data_xfer_size":${maxData}}}`);
          peer.ok(2, dmaMap(BASE, SLOT * SLOTS));
          const guest = new Guest(peer, dataAt);
          const choose = (count: number): number => (order.next().value ?? 0) % count;

          const writes = slots.map((bytes, at) =>
            wire.device.ioas.rwAsync(BASE + at * SLOT, bytes.slice(), true),
          );
          guest.answer(choose);
          await Promise.all(writes);
          const back = slots.map(({ length }) => new Uint8Array(length));
          const reads = back.map((into, at) =>
            wire.device.ioas.rwAsync(BASE + at * SLOT, into, false),
          );
          guest.answer(choose);
          await Promise.all(reads);

          expect(back).toEqual(slots);
          expect(guest.longest).toBeLessThanOrEqual(maxData);
          const messages = slots.reduce((sum, { length }) => sum + Math.ceil(length / maxData), 0);
          expect(guest.messages).toBe(2 * messages);
          expect(wire.clock.timers).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('accesses that anything can happen to', () => {
  test('all end, whatever the client does, and leave nothing behind', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('access' as const),
        length: fc.integer({ min: 1, max: 64 }),
        isWrite: fc.boolean(),
      }),
      fc.record({
        kind: fc.constantFrom('answer' as const, 'fail' as const, 'garble' as const),
        which: fc.nat(),
      }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(6000) }),
      fc.record({ kind: fc.constantFrom('unmap' as const, 'map' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        using wire = new Wire({ maxDmaMessages: 4, maxDmaAccesses: 8 });
        const peer = wire.attach('{"capabilities":{"max_data_xfer_size":16}}');
        const outcomes: Promise<string>[] = [];
        const waiting: WireReply[] = [];
        for (const each of steps) {
          switch (each.kind) {
            case 'access':
              outcomes.push(
                wire.device.ioas.rwAsync(BASE, new Uint8Array(each.length), each.isWrite).then(
                  () => 'ok',
                  () => 'failed',
                ),
              );
              break;
            case 'wait':
              wire.clock.advance(each.ms);
              break;
            case 'map':
            case 'unmap':
              peer.transport.send(
                each.kind === 'map'
                  ? message(2, dmaMap(BASE, 0x1000))
                  : message(3, dmaUnmap(BASE, 0x1000)),
                16 + (each.kind === 'map' ? 32 : 24),
              );
              break;
            case 'answer':
            case 'fail':
            case 'garble': {
              const [request] = waiting.splice(each.which % Math.max(1, waiting.length), 1);
              if (request !== undefined) send(peer, request, each.kind);
            }
          }
          peer.deliver();
          waiting.push(...peer.replies.splice(0).filter(({ flags }) => flags === 0));
          // oxlint-disable-next-line no-await-in-loop -- steps follow one another
          await settled();
        }
        wire.clock.advance(5000);
        wire.clock.advance(5000);
        peer.close();
        const ends = await Promise.all(outcomes);
        expect(ends).toHaveLength(steps.filter(({ kind }) => kind === 'access').length);
        expect(wire.clock.timers).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

function message(command: number, payload: Uint8Array): Uint8Array {
  return bytesOf(u16(1), u16(command), 16 + payload.length, 0, 0, payload);
}

function send(
  peer: WirePeer,
  { id, command, payload }: WireReply,
  how: 'answer' | 'fail' | 'garble',
): void {
  if (how === 'fail') {
    peer.transport.send(bytesOf(u16(id), u16(command), 16, 0x21, ERRNO.EIO), 16);
    return;
  }
  const count = new DataView(payload.buffer).getUint32(8, true);
  const head = how === 'garble' ? bytesOf(u64(0), u64(0)) : payload.slice(0, 16);
  const body = command === 12 ? head : bytesOf(head, new Uint8Array(count));
  const reply = bytesOf(u16(id), u16(command), 16 + body.length, 1, 0, body);
  peer.transport.send(reply, reply.length);
}
