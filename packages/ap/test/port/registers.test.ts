import { describe, expect, test } from 'vitest';
import * as reg from '../../src/port/layout.ts';
import {
  encodeSlot,
  header,
  issue,
  MEMORY_BASE,
  nqap,
  pqap,
  settle,
  slotOutput,
  testPort,
} from './support.ts';

const TAPQ = pqap(reg.AP_PQAP.TAPQ);

describe('the header', () => {
  test('says what the port is', () => {
    const { port } = testPort();
    const read = [
      reg.AP_PORT_ID,
      reg.AP_PORT_VERSION,
      reg.AP_PORT_SLOTS,
      reg.AP_PORT_SLOT_BASE,
      reg.AP_PORT_SLOT_SIZE,
      reg.AP_PORT_COMPLETIONS,
      reg.AP_PORT_BUSY,
    ].map((offset) => header(port, offset));
    expect(read).toEqual([0x5049_5041, 1, 16, 0x100, 0x80, 0, 0]);
  });

  test('cannot be written', () => {
    const { port } = testPort();
    port.write(0, new Uint8Array(reg.AP_PORT_FIRST_SLOT).fill(0xff));
    expect(header(port, reg.AP_PORT_ID)).toBe(0x5049_5041);
    expect(header(port, reg.AP_PORT_SLOT_SIZE)).toBe(0x80);
  });

  test('counts the instructions of all slots', () => {
    const { port } = testPort();
    issue(port, TAPQ, 0);
    issue(port, TAPQ, 15);
    issue(port, TAPQ, 15);
    expect(header(port, reg.AP_PORT_COMPLETIONS)).toBe(3);
    expect([slotOutput(port, 0).count, slotOutput(port, 15).count]).toEqual([1, 2]);
  });
});

describe('a slot', () => {
  test('has done nothing at the start', () => {
    const { port } = testPort();
    expect(slotOutput(port, 3).state).toBe(reg.AP_SLOT_STATES.IDLE);
  });

  test('has done its instruction when the write returns', () => {
    const { port, host } = testPort();
    expect(issue(port, TAPQ, 3)).toMatchObject({ state: reg.AP_SLOT_STATES.DONE, cc: 0 });
    expect(host.signals).toEqual([]);
  });

  test('takes its registers one by one, START last', () => {
    const { port, queue } = testPort();
    const bytes = encodeSlot(nqap({ psmid: 7n }));
    const base = reg.slotOffset(1);
    for (let at = 0; at < bytes.length; at += 4) {
      expect(queue.requests).toEqual([]);
      port.write(base + at, bytes.subarray(at, at + 4));
    }
    expect(queue.requests.map(({ psmid }) => psmid)).toEqual([7n]);
  });

  test('is not started by a part of START', () => {
    const { port } = testPort();
    const bytes = encodeSlot(TAPQ);
    const base = reg.slotOffset(0);
    port.write(base, bytes.subarray(0, 0x2f));
    port.write(base + 0x2d, bytes.subarray(0x2d));
    port.write(base + 0x2e, bytes.subarray(0x2e));
    expect(slotOutput(port).state).toBe(reg.AP_SLOT_STATES.IDLE);
  });

  test('does not take what is written to its results', () => {
    const { port } = testPort();
    port.write(reg.slotOffset(0) + reg.AP_SLOT_INPUT_END, new Uint8Array(0x50).fill(0xff));
    expect(slotOutput(port).state).toBe(reg.AP_SLOT_STATES.IDLE);
  });

  test('reads back what was written to it', () => {
    const { port } = testPort();
    const bytes = encodeSlot(TAPQ);
    port.write(reg.slotOffset(2), bytes);
    const into = new Uint8Array(bytes.length);
    port.read(reg.slotOffset(2), into);
    expect(into).toEqual(bytes);
  });

  test('and the next one are started by one write', () => {
    const { port, queue } = testPort();
    const both = new Uint8Array(reg.AP_PORT_SLOT_STRIDE + reg.AP_SLOT_INPUT_END);
    both.set(encodeSlot(nqap({ psmid: 1n })));
    both.set(encodeSlot(nqap({ psmid: 2n })), reg.AP_PORT_SLOT_STRIDE);
    port.write(reg.slotOffset(4), both);
    expect(queue.requests.map(({ psmid }) => psmid)).toEqual([1n, 2n]);
  });

  test('with an operation that does not exist answers that it is not installed', () => {
    const { port } = testPort();
    expect(issue(port, { operation: 0xb2ac })).toMatchObject({ cc: 3, rc: 0x16 });
  });
});

describe('a slot that waits for memory', () => {
  test('is busy until the end, and then signals', async () => {
    const { port, host, queue } = testPort();
    const gate = Promise.withResolvers<void>();
    host.gate = gate.promise;
    expect(issue(port, nqap(), 2).state).toBe(reg.AP_SLOT_STATES.BUSY);
    expect(header(port, reg.AP_PORT_BUSY)).toBe(4);
    gate.resolve();
    await settle();
    expect(slotOutput(port, 2)).toMatchObject({ state: reg.AP_SLOT_STATES.DONE, cc: 0, count: 1 });
    expect(header(port, reg.AP_PORT_BUSY)).toBe(0);
    expect(host.signals).toEqual([reg.AP_PORT_COMPLETION_IRQ]);
    expect(queue.requests).toHaveLength(1);
  });

  test('is not started again, and keeps what it was started with', async () => {
    const { port, host, queue } = testPort();
    const gate = Promise.withResolvers<void>();
    host.gate = gate.promise;
    issue(port, nqap({ psmid: 1n }));
    issue(port, nqap({ psmid: 2n }));
    gate.resolve();
    await settle();
    expect(queue.requests.map(({ psmid }) => psmid)).toEqual([1n]);
    expect(slotOutput(port).count).toBe(1);
  });

  test('does not hold up the others', async () => {
    const { port, host, queue } = testPort();
    host.gate = new Promise(() => undefined);
    issue(port, nqap(), 0);
    expect(issue(port, TAPQ, 1).state).toBe(reg.AP_SLOT_STATES.DONE);
    host.gate = Promise.resolve();
    issue(port, nqap({ psmid: 9n }), 2);
    await settle();
    expect(queue.requests.map(({ psmid }) => psmid)).toEqual([9n]);
  });

  test('is forgotten by a reset: no request, no result, no signal', async () => {
    const { port, host, queue } = testPort();
    const gate = Promise.withResolvers<void>();
    host.gate = gate.promise;
    issue(port, nqap());
    port.reset();
    expect(slotOutput(port).state).toBe(reg.AP_SLOT_STATES.IDLE);
    gate.resolve();
    await settle();
    expect([queue.requests, host.signals]).toEqual([[], []]);
    expect(slotOutput(port)).toMatchObject({ state: reg.AP_SLOT_STATES.IDLE, count: 0 });
    expect(issue(port, TAPQ).state).toBe(reg.AP_SLOT_STATES.DONE);
  });

  test('has no such queue when the guest has lost it meanwhile', async () => {
    const { port, host, queue } = testPort();
    const gate = Promise.withResolvers<void>();
    host.gate = gate.promise;
    issue(port, nqap());
    host.masks = { ...host.masks, adapters: host.masks.adapters.without(5) };
    gate.resolve();
    await settle();
    expect(slotOutput(port)).toMatchObject({ cc: 3, rc: 0x01 });
    expect(queue.requests).toEqual([]);
  });

  test('ends also where the signal fails', async () => {
    const { port, host } = testPort();
    host.gate = Promise.resolve();
    host.signal = () => {
      throw new Error('released');
    };
    issue(port, nqap());
    await settle();
    expect(slotOutput(port).state).toBe(reg.AP_SLOT_STATES.DONE);
  });
});

test('a closed port starts nothing until it is opened', () => {
  const { port } = testPort();
  port.close();
  expect(issue(port, TAPQ).state).toBe(reg.AP_SLOT_STATES.IDLE);
  port.open();
  expect(issue(port, TAPQ).state).toBe(reg.AP_SLOT_STATES.DONE);
});

test('a device that fails answers that there is no such queue', async () => {
  const { port, host } = testPort();
  const aqic = pqap(reg.AP_PQAP.AQIC, { gr1: reg.AP_AQIC_ENABLE, gr2: BigInt(MEMORY_BASE) });
  host.interrupt = () => Promise.reject(new Error('gone'));
  issue(port, aqic, 0);
  await settle();
  host.interrupt = () => {
    throw new Error('gone');
  };
  expect(issue(port, aqic, 1)).toMatchObject({ cc: 3, rc: 0x01 });
  expect(slotOutput(port, 0)).toMatchObject({ cc: 3, rc: 0x01 });
});
