import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/bus/mask.ts';
import { AP_RESPONSE, statusOf } from '../../src/hardware/status.ts';
import * as reg from '../../src/port/layout.ts';
import { APQN, issue, MEMORY_BASE, pqap, settle, slotOutput, testPort } from './support.ts';

const { TAPQ, RAPQ, ZAPQ, AQIC, QCI } = reg.AP_PQAP;

describe('TAPQ', () => {
  test('says what the queue is', () => {
    const { port } = testPort();
    const result = issue(port, pqap(TAPQ));
    expect(result).toMatchObject({ cc: 0, rc: 0, status: { queueEmpty: true } });
    // Type 14, highest domain 0x54, 3 pages, 8 requests.
    expect(result.gr2).toBe(0x0e54_0307n);
  });

  test('with the facilities says what the card can do', () => {
    const { port } = testPort();
    const result = issue(port, pqap(TAPQ, { gr0: APQN | reg.AP_TAPQ_FACILITIES }));
    expect(result.gr2).toBe(0xea80_0000_0e54_0307n);
  });

  test('says that the card is gone', () => {
    const { port, queue } = testPort();
    queue.responseCode = AP_RESPONSE.DECONFIGURED;
    expect(issue(port, pqap(TAPQ))).toMatchObject({ cc: 3, rc: 0x03, gr2: 0x0e54_0307n });
  });
});

test.each([
  ['RAPQ', RAPQ, 'reset'],
  ['ZAPQ', ZAPQ, 'zeroize'],
])('%s empties the queue', (_, functionCode, call) => {
  const { port, queue } = testPort();
  queue.enqueue({ psmid: 1n, bytes: new Uint8Array(8) });
  expect(issue(port, pqap(functionCode))).toMatchObject({ cc: 0, status: { queueEmpty: true } });
  expect(queue.calls.at(-1)).toBe(call);
});

describe('AQIC', () => {
  const enable = { gr1: reg.AP_AQIC_ENABLE | 5n, gr2: BigInt(MEMORY_BASE + 3) };

  test('enables interrupts through the driver', () => {
    const { port, host } = testPort();
    host.interrupt = () => ({ ...statusOf(0), irqEnabled: true });
    const result = issue(port, pqap(AQIC, enable));
    expect(result).toMatchObject({ cc: 0, rc: 0, status: { irqEnabled: true } });
    expect(host.interrupts).toEqual([[APQN, MEMORY_BASE + 3, 5]]);
  });

  test('disables interrupts, whatever address it names', () => {
    const { port, host } = testPort();
    issue(port, pqap(AQIC, { gr1: 2n, gr2: 2n ** 64n - 1n }));
    expect(host.interrupts).toEqual([[APQN, undefined, 2]]);
  });

  test('answers what the driver does', () => {
    const { port, host } = testPort();
    host.interrupt = () => statusOf(AP_RESPONSE.OTHERWISE_CHANGED);
    expect(issue(port, pqap(AQIC, enable))).toMatchObject({ cc: 3, rc: 0x07 });
  });

  test('waits for the driver', async () => {
    const { port, host } = testPort();
    host.interrupt = () => Promise.resolve(statusOf(AP_RESPONSE.INVALID_ADDRESS));
    expect(issue(port, pqap(AQIC, enable)).state).toBe(reg.AP_SLOT_STATES.BUSY);
    await settle();
    expect(slotOutput(port)).toMatchObject({ cc: 3, rc: 0x06 });
    expect(host.signals).toEqual([reg.AP_PORT_COMPLETION_IRQ]);
  });

  test('of a byte above every iova is refused without asking', () => {
    const { port, host } = testPort();
    const result = issue(port, pqap(AQIC, { ...enable, gr2: 2n ** 52n }));
    expect(result).toMatchObject({ cc: 3, rc: 0x06 });
    expect(host.interrupts).toEqual([]);
  });
});

describe('QCI', () => {
  test('stores the machine with the masks of the guest', () => {
    const { port, host } = testPort();
    host.memory.fill(0xff);
    const result = issue(port, pqap(QCI, { gr0: 0xffff, gr2: BigInt(MEMORY_BASE + 0x80) }));
    expect(result).toMatchObject({ cc: 0, rc: 0 });
    const block = host.memory.subarray(0x80, 0x100);
    expect(block.subarray(0, 16)).toEqual(
      Uint8Array.of(0xd0, 0, 0, 0, 0xff, 0x54, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    );
    expect([16, 48, 80].map((at) => Array.from(ApMask.from(block.subarray(at, at + 32))))).toEqual([
      [5, 6],
      [4, 0xab],
      [4, 9],
    ]);
    expect(block.subarray(112).every((byte) => byte === 0)).toBe(true);
    expect([host.memory[0x7f], host.memory[0x100]]).toEqual([0xff, 0xff]);
  });

  test.each([
    [{ apsc: false, apxa: false, rc8a: false }, 0x00],
    [{ apsc: true, apxa: false, rc8a: false, qact: false, apsb: false }, 0x80],
    [{ apsc: false, apxa: true, rc8a: false }, 0x40],
    [{ apsc: false, apxa: false, rc8a: true, qact: false }, 0x10],
  ])('of a machine with %j stores the facilities the port has', (config, flags) => {
    const { port, host } = testPort({}, config);
    issue(port, pqap(QCI, { gr2: BigInt(MEMORY_BASE) }));
    expect([...host.memory.subarray(0, 4)]).toEqual([flags, 0, 0, 0]);
  });

  test('of a guest that lost its queues stores empty masks', () => {
    const { port, host } = testPort();
    host.masks = { adapters: ApMask.NONE, domains: ApMask.NONE, controlDomains: ApMask.NONE };
    expect(issue(port, pqap(QCI, { gr2: BigInt(MEMORY_BASE) })).cc).toBe(0);
    expect(host.memory.subarray(16, 112).every((byte) => byte === 0)).toBe(true);
  });

  test.each([0n, BigInt(MEMORY_BASE - 1), 2n ** 64n - 1n])('to 0x%s is refused', (gr2) => {
    const { port } = testPort();
    expect(issue(port, pqap(QCI, { gr2 }))).toMatchObject({ cc: 3, rc: 0x06 });
  });
});

test.each([5, 6, 7, 8, 255])('function %d is not installed', (functionCode) => {
  const { port, queue } = testPort();
  expect(issue(port, pqap(functionCode))).toMatchObject({ cc: 3, rc: 0x16 });
  expect(queue.calls).toEqual([]);
});

test.each([TAPQ, RAPQ, ZAPQ, AQIC])(
  'function %d of a queue the guest does not have is refused, and reaches nothing',
  (functionCode) => {
    const { port, host } = testPort();
    host.masks = { ...host.masks, adapters: ApMask.of(6) };
    expect(issue(port, pqap(functionCode))).toMatchObject({ cc: 3, rc: 0x01, gr2: 0n });
    expect(host.cards.get(5)?.queue(4)?.calls).toEqual([]);
    expect(host.interrupts).toEqual([]);
  },
);
