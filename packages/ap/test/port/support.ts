// An instruction port over fake cards and fake guest memory.

import { VfioError } from '@vfio-ts/core';
import { expect } from 'vitest';
import { apConfigInfo, type ApConfigInfo } from '../../src/bus/config-info.ts';
import { ApMask } from '../../src/bus/mask.ts';
import type { ApCardInfo } from '../../src/hardware/card.ts';
import { decodeStatus, statusOf, type ApStatus } from '../../src/hardware/status.ts';
import type { ApPortHost, ApPortMasks } from '../../src/port/host.ts';
import * as reg from '../../src/port/layout.ts';
import { ApPort } from '../../src/port/port.ts';
import { FakeCard, type FakeQueue } from '../hardware/fake-card.ts';

/** Where guest memory is. */
export const MEMORY_BASE = 0x10_0000;
export const MEMORY_SIZE = 0x8000;
/** The queue that tests use. */
export const APQN = 0x0504;

/** A device with cards 5 and 6 and the domains 4 and 0xab, and 32 KiB of guest memory. */
export class FakeHost implements ApPortHost {
  readonly cards: ReadonlyMap<number, FakeCard>;
  readonly memory: Uint8Array = new Uint8Array(MEMORY_SIZE);
  readonly signals: number[] = [];
  readonly interrupts: (readonly [apqn: number, nib: number | undefined, isc: number])[] = [];
  /** What AQIC answers. */
  interrupt: () => ApStatus | Promise<ApStatus> = () => statusOf(0);
  masks: ApPortMasks = {
    adapters: ApMask.of(5, 6),
    domains: ApMask.of(4, 0xab),
    controlDomains: ApMask.of(4, 9),
  };
  /** Memory is reached when this is resolved; at once while there is none. */
  gate: Promise<void> | undefined = undefined;
  readonly #config: ApConfigInfo;

  constructor(info: Partial<ApCardInfo> = {}, config: Partial<ApConfigInfo> = {}) {
    this.cards = new Map([5, 6].map((adapter) => [adapter, new FakeCard([4, 0xab], info)]));
    this.#config = apConfigInfo({ maxDomain: 0x54, apsb: true, ...config });
  }

  shadow(): ApPortMasks {
    return this.masks;
  }

  queue(apqn: number): FakeQueue | undefined {
    const { adapters, domains } = this.masks;
    if (!adapters.has(apqn >> 8) || !domains.has(apqn & 0xff)) return undefined;
    return this.cards.get(apqn >> 8)?.queue(apqn & 0xff);
  }

  info(apqn: number): ApCardInfo | undefined {
    return this.cards.get(apqn >> 8)?.info;
  }

  config(): ApConfigInfo {
    return this.#config;
  }

  setInterrupt(apqn: number, nib: number | undefined, isc: number): ApStatus | Promise<ApStatus> {
    this.interrupts.push([apqn, nib, isc]);
    return this.interrupt();
  }

  dmaRead(iova: number, into: Uint8Array): void | Promise<void> {
    return this.#reach(iova, into.length, (at) => {
      into.set(this.memory.subarray(at, at + into.length));
    });
  }

  dmaWrite(iova: number, from: Uint8Array): void | Promise<void> {
    return this.#reach(iova, from.length, (at) => this.memory.set(from, at));
  }

  signal(subindex: number): void {
    this.signals.push(subindex);
  }

  #reach(iova: number, length: number, move: (at: number) => void): void | Promise<void> {
    const at = iova - MEMORY_BASE;
    const check = (): void => {
      if (length > 0 && at >= 0 && at + length <= MEMORY_SIZE) return;
      throw new VfioError('EINVAL', 'dmaRw', 'not mapped');
    };
    if (this.gate === undefined) {
      check();
      move(at);
      return undefined;
    }
    return this.gate.then(() => {
      check();
      return move(at);
    });
  }
}

/** What a test writes to a slot. */
export interface SlotInput {
  readonly operation: number;
  readonly gr0?: number;
  readonly gr1?: bigint;
  readonly gr2?: bigint;
  readonly psmid?: bigint;
  readonly address?: number | bigint;
  readonly length?: number;
}

/** What a slot gives. */
export interface SlotOutput {
  readonly state: number;
  readonly cc: number;
  readonly gr0: bigint;
  readonly status: ApStatus;
  readonly rc: number;
  readonly gr2: bigint;
  readonly psmid: bigint;
  readonly length: number;
  readonly count: number;
}

/** The bytes of a slot's registers. */
export function encodeSlot(input: SlotInput): Uint8Array {
  const bytes = new Uint8Array(reg.AP_SLOT_INPUT_END);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(reg.AP_SLOT_GR0, BigInt(input.gr0 ?? APQN), true);
  view.setBigUint64(reg.AP_SLOT_GR1, input.gr1 ?? 0n, true);
  view.setBigUint64(reg.AP_SLOT_GR2, input.gr2 ?? 0n, true);
  view.setBigUint64(reg.AP_SLOT_PSMID, input.psmid ?? 0n, true);
  view.setBigUint64(reg.AP_SLOT_ADDRESS, BigInt(input.address ?? 0), true);
  view.setUint32(reg.AP_SLOT_LENGTH, input.length ?? 0, true);
  view.setUint32(reg.AP_SLOT_START, input.operation, true);
  return bytes;
}

/** Reads what a slot gives. */
export function slotOutput(port: ApPort, slot: number = 0): SlotOutput {
  const bytes = new Uint8Array(reg.AP_PORT_SLOT_STRIDE);
  port.read(reg.slotOffset(slot), bytes);
  const view = new DataView(bytes.buffer);
  const status = decodeStatus(Number(view.getBigUint64(reg.AP_SLOT_GR1_OUT, true)));
  return {
    state: view.getUint32(reg.AP_SLOT_STATE, true),
    cc: view.getUint32(reg.AP_SLOT_CC, true),
    gr0: view.getBigUint64(reg.AP_SLOT_GR0_OUT, true),
    status,
    rc: status.responseCode,
    gr2: view.getBigUint64(reg.AP_SLOT_GR2_OUT, true),
    psmid: view.getBigUint64(reg.AP_SLOT_PSMID_OUT, true),
    length: view.getUint32(reg.AP_SLOT_LENGTH_OUT, true),
    count: view.getUint32(reg.AP_SLOT_COUNT, true),
  };
}

/** Issues one instruction in one write. */
export function issue(port: ApPort, input: SlotInput, slot: number = 0): SlotOutput {
  port.write(reg.slotOffset(slot), encodeSlot(input));
  return slotOutput(port, slot);
}

/** A register of the header. */
export function header(port: ApPort, offset: number): number {
  const bytes = new Uint8Array(4);
  port.read(offset, bytes);
  return new DataView(bytes.buffer).getUint32(0, true);
}

/** NQAP of a message at the start of memory. */
export function nqap(more: Partial<SlotInput> = {}): SlotInput {
  const gr0 = APQN | reg.AP_NQAP_WHOLE;
  return { operation: reg.AP_OPERATION.NQAP, gr0, address: MEMORY_BASE, length: 16, ...more };
}

/** DQAP to the second page of memory. */
export function dqap(more: Partial<SlotInput> = {}): SlotInput {
  const address = MEMORY_BASE + 0x1000;
  return { operation: reg.AP_OPERATION.DQAP, address, length: 0x1000, ...more };
}

/** PQAP of a function. */
export function pqap(functionCode: number, more: Partial<SlotInput> = {}): SlotInput {
  const { gr0 = APQN, ...rest } = more;
  return { operation: reg.AP_OPERATION.PQAP, gr0: functionCode * 2 ** 24 + gr0, ...rest };
}

/** A port and its host. */
export function testPort(...args: ConstructorParameters<typeof FakeHost>): {
  readonly port: ApPort;
  readonly host: FakeHost;
  readonly queue: FakeQueue;
} {
  const host = new FakeHost(...args);
  const queue = host.queue(APQN);
  expect.assert(queue);
  return { port: new ApPort(host), host, queue };
}

/** Lets what waits for promises go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    // oxlint-disable-next-line no-await-in-loop
    await Promise.resolve();
  }
}
