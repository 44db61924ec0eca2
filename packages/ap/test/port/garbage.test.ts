import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as reg from '../../src/port/layout.ts';
import { ApPort } from '../../src/port/port.ts';
import { encodeSlot, FakeHost, MEMORY_BASE, MEMORY_SIZE, settle } from './support.ts';

/** Memory that remembers what was reached. */
class WatchedHost extends FakeHost {
  readonly reached: (readonly [iova: number, length: number])[] = [];

  override dmaRead(iova: number, into: Uint8Array): void | Promise<void> {
    this.reached.push([iova, into.length]);
    return super.dmaRead(iova, into);
  }

  override dmaWrite(iova: number, from: Uint8Array): void | Promise<void> {
    this.reached.push([iova, from.length]);
    return super.dmaWrite(iova, from);
  }
}

const bytes = fc.uint8Array({ minLength: 1, maxLength: 0x200 });
const offset = fc.nat({ max: reg.AP_PORT_SIZE - 1 });
const slot = fc.nat({ max: reg.AP_PORT_SLOT_COUNT - 1 });
const anything = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const near = fc.integer({ min: -8, max: MEMORY_SIZE + 8 }).map((at) => BigInt(MEMORY_BASE + at));
const address = fc.oneof(near, anything);
const gr0 = fc.tuple(
  fc.constantFrom(0, 0x4000_0000, 0x8000_0000, 0x0080_0000, 0x0100_0000, 0x0300_0000, 0x0400_0000),
  fc.constantFrom(0x0504, 0x05ab, 0x0604, 0x0704, 0x0505, 0xffff),
);
const instruction = fc.record({
  operation: fc.constantFrom(...Object.values(reg.AP_OPERATION), 0, 0xffff_ffff),
  gr0: gr0.map(([flags, apqn]) => flags + apqn),
  gr1: anything,
  gr2: address,
  psmid: anything,
  address,
  length: fc.oneof(fc.nat({ max: 64 }), fc.nat({ max: 0xffff_ffff })),
});

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('issue'), slot, instruction }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('write'), offset, bytes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('read'), offset, bytes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('answer'), bytes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('turn') }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function take(port: ApPort, host: FakeHost, taken: Step): void {
  if ('instruction' in taken) {
    port.write(reg.slotOffset(taken.slot), encodeSlot(taken.instruction));
  } else if ('offset' in taken) {
    if (taken.kind === 'write') port.write(taken.offset, taken.bytes);
    else port.read(taken.offset, taken.bytes);
  } else if ('bytes' in taken) {
    const queue = host.cards.get(5)?.queue(4);
    if ((queue?.requests.length ?? 0) > 0) queue?.answer(taken.bytes);
  } else if (taken.kind === 'reset') port.reset();
}

test('whatever a guest writes, nothing throws, and every slot comes to an end', async () => {
  const steps = fc.array(step, { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (taken, isLater) => {
      const host = new WatchedHost();
      host.gate = isLater ? Promise.resolve() : undefined;
      const port = new ApPort(host);
      for (const one of taken) {
        take(port, host, one);
        // oxlint-disable-next-line no-await-in-loop
        if (one.kind === 'turn') await settle();
      }
      await settle();
      const busy = new Uint8Array(4);
      port.read(reg.AP_PORT_BUSY, busy);
      expect(busy).toEqual(new Uint8Array(4));
    }),
    { numRuns: 200 },
  );
});

test('an instruction reaches the memory it names and no other', () => {
  fc.assert(
    fc.property(fc.array(instruction, { minLength: 1, maxLength: 10 }), (issued) => {
      const host = new WatchedHost();
      const port = new ApPort(host);
      for (const one of issued) {
        host.reached.length = 0;
        port.write(reg.slotOffset(0), encodeSlot(one));
        const isQci = one.operation === reg.AP_OPERATION.PQAP;
        const start = isQci ? one.gr2 : one.address;
        const room = isQci ? reg.AP_QCI_SIZE : one.length;
        for (const [iova, length] of host.reached) {
          expect([BigInt(iova), length <= room]).toEqual([start, true]);
        }
        for (const { requests, replies } of host.cards.get(5)?.queues.values() ?? []) {
          replies.push(...requests.splice(0));
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('a guest reaches only queues of its masks', () => {
  fc.assert(
    fc.property(fc.array(instruction, { minLength: 1, maxLength: 10 }), (issued) => {
      const host = new WatchedHost();
      host.masks = { ...host.masks, domains: host.masks.domains.without(0xab) };
      const port = new ApPort(host);
      for (const one of issued) port.write(reg.slotOffset(0), encodeSlot(one));
      const others = [...host.cards.values()].map((card) => card.queue(0xab)?.calls);
      expect(others).toEqual([[], []]);
    }),
    { numRuns: 300 },
  );
});
