import { describe, expect, test } from 'vitest';
import { AP_RESPONSE } from '../../src/hardware/status.ts';
import * as reg from '../../src/port/layout.ts';
import {
  APQN,
  dqap,
  issue,
  MEMORY_BASE,
  MEMORY_SIZE,
  nqap,
  pqap,
  settle,
  slotOutput,
  testPort,
} from './support.ts';

const END = MEMORY_BASE + MEMORY_SIZE;
const BAD_ADDRESSES = [
  ['before memory', MEMORY_BASE - 1],
  ['partly behind memory', END - 15],
  ['behind memory', END],
  ['nowhere', 0],
  ['above every iova', 2n ** 52n + BigInt(MEMORY_BASE)],
  ['at the end of the address space', 2n ** 64n - 1n],
] as const;

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 7);
}

describe('NQAP', () => {
  test('puts a request of guest memory into the queue', () => {
    const { port, host, queue } = testPort();
    host.memory.set(bytes(32), 0x100);
    const sent = nqap({
      psmid: 0xfedc_ba98_7654_3210n,
      address: MEMORY_BASE + 0x100,
      length: 32,
    });
    expect(issue(port, sent)).toMatchObject({ cc: 0, rc: 0, status: { queueEmpty: false } });
    expect(queue.requests).toEqual([{ psmid: 0xfedc_ba98_7654_3210n, bytes: bytes(32) }]);
  });

  test('keeps the request as it was when it was issued', () => {
    const { port, host, queue } = testPort();
    host.memory.set(bytes(16));
    issue(port, nqap());
    host.memory.fill(0xff);
    expect(queue.requests[0]?.bytes).toEqual(bytes(16));
  });

  test('says that the queue is full', () => {
    const { port, queue } = testPort({ depth: 2 });
    expect([issue(port, nqap()).rc, issue(port, nqap()).rc]).toEqual([0, 0]);
    expect(issue(port, nqap())).toMatchObject({ cc: 3, rc: 0x10, status: { queueFull: true } });
    expect(queue.requests).toHaveLength(2);
  });

  test.each([
    ['of another card', { gr0: 0x0704 | reg.AP_NQAP_WHOLE }, 0x01],
    ['of another domain', { gr0: 0x0505 | reg.AP_NQAP_WHOLE }, 0x01],
    ['that is not whole', { gr0: APQN }, 0x13],
    ['longer than the card takes', { length: 12 * 1024 + 1 }, 0x15],
    ['of any length', { length: 0xffff_ffff }, 0x15],
    ...BAD_ADDRESSES.map(([where, address]) => [where, { address }, 0x06] as const),
  ] as const)('of a message %s is refused', (_, more, rc) => {
    const { port, queue } = testPort();
    expect(issue(port, nqap(more))).toMatchObject({ cc: 3, rc });
    expect(queue.requests).toEqual([]);
  });

  test.each([
    [3, 12 * 1024],
    [0, 12 * 1024],
    [1, 4096],
    [7, 28 * 1024],
  ])('of a card with %d pages takes %d bytes', (maxMessagePages, length) => {
    const { port } = testPort({ maxMessagePages });
    expect(issue(port, nqap({ length })).rc).toBe(0);
    expect(issue(port, nqap({ length: length + 1 })).rc).toBe(0x15);
  });

  test.each([
    AP_RESPONSE.RESET_IN_PROGRESS,
    AP_RESPONSE.DECONFIGURED,
    AP_RESPONSE.CHECKSTOPPED,
    AP_RESPONSE.BUSY,
  ])('answers 0x%s as the queue does', (responseCode) => {
    const { port, queue } = testPort();
    queue.responseCode = responseCode;
    expect(issue(port, nqap())).toMatchObject({ cc: 3, rc: responseCode });
    expect(issue(port, dqap())).toMatchObject({ cc: 3, rc: responseCode });
  });

  test('of no bytes is what the card makes of it', () => {
    const { port, queue } = testPort();
    expect(issue(port, nqap({ length: 0, address: 0 })).rc).toBe(0);
    expect(queue.requests[0]?.bytes.length).toBe(0);
  });
});

describe('DQAP', () => {
  test('stores a reply and says whose it is', () => {
    const { port, host, queue } = testPort();
    queue.replies.push({ psmid: 5n, bytes: bytes(100) });
    expect(issue(port, dqap())).toMatchObject({
      cc: 0,
      rc: 0,
      psmid: 5n,
      length: 100,
      gr2: 0n,
      status: { queueEmpty: true, repliesWaiting: false },
    });
    expect(host.memory.subarray(0x1000, 0x1064)).toEqual(bytes(100));
    expect(host.memory.subarray(0x1064).every((byte) => byte === 0)).toBe(true);
  });

  test('of a queue without a reply says whether requests are inside', () => {
    const { port } = testPort();
    expect(issue(port, dqap())).toMatchObject({ cc: 3, rc: 0x10, status: { queueEmpty: true } });
    issue(port, nqap());
    expect(issue(port, dqap())).toMatchObject({ cc: 3, rc: 0x10, status: { queueEmpty: false } });
  });

  test('of a queue the guest does not have is refused', () => {
    const { port } = testPort();
    expect(issue(port, dqap({ gr0: 0x0505 }))).toMatchObject({ cc: 3, rc: 0x01 });
  });

  test('with too little room stores the reply in parts', () => {
    const { port, host, queue } = testPort();
    queue.replies.push({ psmid: 5n, bytes: bytes(100) });
    const first = issue(port, dqap({ length: 40 }));
    expect(first).toMatchObject({ cc: 2, rc: 0, psmid: 0n, length: 40, gr2: 60n });
    const waiting = issue(port, pqap(reg.AP_PQAP.TAPQ)).status;
    expect(waiting).toMatchObject({ queueEmpty: false, repliesWaiting: true });
    queue.replies.push({ psmid: 6n, bytes: bytes(8) });
    const more = { gr0: Number(first.gr0), length: 40 };
    const second = issue(port, dqap({ ...more, address: MEMORY_BASE + 0x1028 }));
    expect(second).toMatchObject({ cc: 2, length: 40, gr2: 20n });
    const last = issue(port, dqap({ ...more, address: MEMORY_BASE + 0x1050 }));
    expect(last).toMatchObject({ cc: 0, rc: 0, psmid: 5n, length: 20, gr2: 0n });
    expect(host.memory.subarray(0x1000, 0x1064)).toEqual(bytes(100));
    expect(issue(port, dqap()).psmid).toBe(6n);
  });

  test('with no room says how long the reply is', () => {
    const { port, queue } = testPort();
    queue.replies.push({ psmid: 5n, bytes: bytes(100) });
    expect(issue(port, dqap({ length: 0, address: 0 }))).toMatchObject({ cc: 2, gr2: 100n });
    expect(issue(port, dqap())).toMatchObject({ cc: 0, psmid: 5n, length: 100 });
  });

  test.each(BAD_ADDRESSES)('to memory %s loses nothing', (_, address) => {
    const { port, host, queue } = testPort();
    queue.replies.push({ psmid: 5n, bytes: bytes(100) });
    expect(issue(port, dqap({ address }))).toMatchObject({ cc: 3, rc: 0x06 });
    expect(host.memory.every((byte) => byte === 0)).toBe(true);
    expect(issue(port, dqap())).toMatchObject({ cc: 0, psmid: 5n, length: 100 });
  });

  test.each([
    ['RAPQ', 'reset', reg.AP_PQAP.RAPQ],
    ['ZAPQ', 'zeroize', reg.AP_PQAP.ZAPQ],
  ])('does not give the rest of a reply after %s', (_, call, functionCode) => {
    const { port, queue } = testPort();
    queue.replies.push({ psmid: 5n, bytes: bytes(100) });
    issue(port, dqap({ length: 40 }));
    const reset = issue(port, pqap(functionCode));
    expect(reset).toMatchObject({ cc: 0, status: { queueEmpty: true, repliesWaiting: false } });
    expect(queue.calls).toContain(call);
    expect(issue(port, dqap())).toMatchObject({ cc: 3, rc: 0x10 });
  });

  test('does not give the rest of a reply when somebody else has reset the queue', () => {
    const { port, queue } = testPort();
    queue.replies.push({ psmid: 5n, bytes: bytes(100) });
    issue(port, dqap({ length: 40 }));
    port.forget(APQN);
    expect(issue(port, dqap())).toMatchObject({ cc: 3, rc: 0x10 });
  });

  test('does not give the rest of a reply of a queue that was lost in between', () => {
    const { port, host, queue } = testPort();
    queue.replies.push({ psmid: 5n, bytes: bytes(100) });
    issue(port, dqap({ length: 40 }));
    const { masks } = host;
    host.masks = { ...masks, domains: masks.domains.without(4) };
    expect(issue(port, dqap()).rc).toBe(0x01);
    host.masks = masks;
    expect(issue(port, dqap()).rc).toBe(0x10);
  });

  test('gives two replies to two slots that wait for memory', async () => {
    const { port, host, queue } = testPort();
    queue.replies.push({ psmid: 5n, bytes: bytes(10) }, { psmid: 6n, bytes: bytes(20) });
    host.gate = Promise.resolve();
    issue(port, dqap(), 0);
    issue(port, dqap({ address: MEMORY_BASE + 0x2000 }), 1);
    await settle();
    expect([slotOutput(port, 0).psmid, slotOutput(port, 1).psmid]).toEqual([5n, 6n]);
    expect(host.memory.subarray(0x2000, 0x2014)).toEqual(bytes(20));
  });

  test('that waits for memory does not bring a reply back after a reset of the queue', async () => {
    const { port, host, queue } = testPort();
    queue.replies.push({ psmid: 5n, bytes: bytes(100) });
    const gate = Promise.withResolvers<void>();
    host.gate = gate.promise;
    issue(port, dqap({ length: 40 }), 0);
    issue(port, pqap(reg.AP_PQAP.RAPQ), 1);
    gate.resolve();
    await settle();
    host.gate = undefined;
    expect(issue(port, dqap())).toMatchObject({ cc: 3, rc: 0x10 });
  });
});
