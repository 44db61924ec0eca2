import { VFIO_DMA_MAP_FLAG_READ, VFIO_DMA_MAP_FLAG_WRITE } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { AP_RESPONSE, decodeStatus } from '../../src/index.ts';
import {
  AP_AQIC_ENABLE,
  AP_NQAP_WHOLE,
  AP_OPERATION,
  AP_PORT_IRQ_COUNT,
  AP_PORT_IRQ_INDEX,
  AP_PORT_REGION_INDEX,
  AP_PORT_SIZE,
  AP_PQAP,
  AP_SLOT_ADDRESS,
  AP_SLOT_GR0,
  AP_SLOT_GR1,
  AP_SLOT_GR1_OUT,
  AP_SLOT_GR2,
  AP_SLOT_INPUT_END,
  AP_SLOT_LENGTH,
  AP_SLOT_START,
  slotOffset,
} from '../../src/port/layout.ts';
import { Administrator, errno, EXAMPLE, type Guest } from '../support/administrator.ts';

const BASE = 0x10_0000;
const WITH_PORT = { ...EXAMPLE, instructionPort: true };

interface Registers {
  readonly operation: number;
  readonly gr0: number;
  readonly gr1?: bigint;
  readonly gr2?: bigint;
  readonly address?: number;
  readonly length?: number;
}

/** Issues an instruction in slot 0; the response code. */
async function issue(machine: Administrator, guest: Guest, registers: Registers): Promise<number> {
  const { operation, gr0, gr1 = 0n, gr2 = 0n, address = 0, length = 0 } = registers;
  const bytes = new Uint8Array(AP_SLOT_INPUT_END);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(AP_SLOT_GR0, BigInt(gr0), true);
  view.setBigUint64(AP_SLOT_GR1, gr1, true);
  view.setBigUint64(AP_SLOT_GR2, gr2, true);
  view.setBigUint64(AP_SLOT_ADDRESS, BigInt(address), true);
  view.setUint32(AP_SLOT_LENGTH, length, true);
  view.setUint32(AP_SLOT_START, operation, true);
  guest.file.write(AP_PORT_REGION_INDEX, slotOffset(0), bytes);
  await machine.ap.exclusive(() => undefined);
  const out = new Uint8Array(8);
  guest.file.read(AP_PORT_REGION_INDEX, slotOffset(0) + AP_SLOT_GR1_OUT, out);
  return decodeStatus(new DataView(out.buffer).getUint32(0, true)).responseCode;
}

const tapq = (apqn: number): Registers => ({
  operation: AP_OPERATION.PQAP,
  gr0: ((AP_PQAP.TAPQ << 24) | apqn) >>> 0,
});

describe('the instruction port', () => {
  test('is not there unless it is asked for', async () => {
    await using machine = await Administrator.of();
    await machine.create();
    const guest = machine.open(1);
    expect(guest.file.getInfo()).toMatchObject({ numRegions: 0, numIrqs: 2 });
    expect(() => guest.file.read(0, 0, new Uint8Array(4))).toThrow(errno('EINVAL'));
  });

  test('is a region and an interrupt index', async () => {
    await using machine = await Administrator.of(WITH_PORT);
    await machine.create();
    const { file } = machine.open(1);
    expect(file.getInfo()).toMatchObject({ numRegions: 1, numIrqs: 3 });
    expect(file.getRegionInfo(AP_PORT_REGION_INDEX)).toMatchObject({ size: AP_PORT_SIZE });
    expect(file.getIrqInfo(AP_PORT_IRQ_INDEX)).toMatchObject({ count: AP_PORT_IRQ_COUNT });
  });

  test('reaches what the guest has, and follows it', async () => {
    await using machine = await Administrator.of(WITH_PORT);
    await machine.createWith(1, ['ap_config', '06,08,']);
    const guest = machine.open(1);
    const codes = async (): Promise<number[]> => [
      await issue(machine, guest, tapq(0x0504)),
      await issue(machine, guest, tapq(0x0604)),
      await issue(machine, guest, tapq(0x0547)),
    ];
    const { NORMAL, Q_NOT_AVAIL } = AP_RESPONSE;
    expect(await codes()).toEqual([NORMAL, NORMAL, Q_NOT_AVAIL]);
    await machine.ap.unbind('vfio_ap', '05.0004');
    expect(await codes()).toEqual([Q_NOT_AVAIL, NORMAL, Q_NOT_AVAIL]);
    await machine.ap.bind('vfio_ap', '05.0004');
    expect(await codes()).toEqual([NORMAL, NORMAL, Q_NOT_AVAIL]);
    const removed = machine.remove(1);
    expect(await codes()).toEqual([Q_NOT_AVAIL, Q_NOT_AVAIL, Q_NOT_AVAIL]);
    await guest.close();
    await removed;
  });

  test('gives a request to the queue, and its interrupts to the guest', async () => {
    await using machine = await Administrator.of(WITH_PORT);
    await machine.createWith(1, ['ap_config', '04,08,']);
    const guest = machine.open(1);
    const memory = guest.session.memory(0x2000);
    const flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
    guest.file.mapDma({ iova: BASE, size: 0x2000, flags, memory });
    memory.bytes.set([1, 2, 3, 4]);
    const signals = Array.from({ length: AP_PORT_IRQ_COUNT }, () => guest.session.signal());
    const assign = { index: AP_PORT_IRQ_INDEX, start: 0, count: AP_PORT_IRQ_COUNT };
    guest.file.setIrqs({ ...assign, flags: 4 | 32, signals });
    const nib = BASE + 0x1080;
    const aqic = { operation: AP_OPERATION.PQAP, gr0: (AP_PQAP.AQIC << 24) | 0x0504 };
    const enable = { ...aqic, gr1: AP_AQIC_ENABLE | 3n, gr2: BigInt(nib) };
    expect(await issue(machine, guest, enable)).toBe(AP_RESPONSE.NORMAL);
    const nqap = { operation: AP_OPERATION.NQAP, gr0: AP_NQAP_WHOLE | 0x0504 };
    const queued = await issue(machine, guest, { ...nqap, address: BASE, length: 4 });
    expect(queued).toBe(AP_RESPONSE.NORMAL);
    const queue = machine.queue(5, 4);
    expect(queue.requests.map(({ bytes }) => [...bytes])).toEqual([[1, 2, 3, 4]]);
    queue.answer(Uint8Array.of(5));
    expect([memory.bytes[0x1080], signals[3]?.count()]).toEqual([0x80, 1]);
    expect(await issue(machine, guest, aqic)).toBe(AP_RESPONSE.NORMAL);
    expect(queue.indicate).toBeUndefined();
  });

  test('is empty after a reset, and works again', async () => {
    await using machine = await Administrator.of(WITH_PORT);
    await machine.createWith(1, ['ap_config', '04,08,']);
    const guest = machine.open(1);
    await issue(machine, guest, tapq(0x0547));
    await guest.file.reset();
    const slot = new Uint8Array(0x80);
    guest.file.read(AP_PORT_REGION_INDEX, slotOffset(0), slot);
    expect(slot.every((byte) => byte === 0)).toBe(true);
    expect(await issue(machine, guest, tapq(0x0504))).toBe(AP_RESPONSE.NORMAL);
  });

  test('works for the next guest too', async () => {
    await using machine = await Administrator.of(WITH_PORT);
    await machine.createWith(1, ['ap_config', '04,08,']);
    await machine.open(1).close();
    await machine.ap.exclusive(() => undefined);
    expect(await issue(machine, machine.open(1), tapq(0x0504))).toBe(AP_RESPONSE.NORMAL);
  });
});
