// The instruction port of a device, from the guest's side.

/* oxlint-disable no-await-in-loop -- each look comes after the one before */

import { VfioError, type Clock, type VfioAccess } from '@vfio-ts/core';
import { AP_RESPONSE, decodeStatus, statusOf } from '../hardware/status.ts';
import * as reg from '../port/layout.ts';
import { MESSAGE_ROOM, type GuestMemory } from './guest-memory.ts';
import type { Instruction, InstructionResult, Instructions } from './instructions.ts';

const OP = 'ApClient';
/** Condition code of a DQAP that would have to be repeated. */
const CC_PARTIAL = 2;

/** What a port needs of a device's access. */
export type PortAccess = Pick<VfioAccess, 'read' | 'write'>;

/** Checks that a device has a port that this client can work with. @throws `ENODEV` it has none */
export async function checkPort(access: Pick<VfioAccess, 'getInfo' | 'read'>): Promise<void> {
  const header = new Uint8Array(reg.AP_PORT_SLOT_SIZE + 4);
  const view = new DataView(header.buffer);
  const { numRegions } = await access.getInfo();
  if (numRegions > reg.AP_PORT_REGION_INDEX) {
    await access.read(reg.AP_PORT_REGION_INDEX, 0, header);
  }
  const isPort =
    view.getUint32(reg.AP_PORT_ID, true) === reg.AP_PORT_ID_VALUE &&
    view.getUint32(reg.AP_PORT_VERSION, true) === reg.AP_PORT_VERSION_VALUE &&
    view.getUint32(reg.AP_PORT_SLOTS, true) >= reg.AP_PORT_SLOT_COUNT &&
    view.getUint32(reg.AP_PORT_SLOT_BASE, true) === reg.AP_PORT_FIRST_SLOT &&
    view.getUint32(reg.AP_PORT_SLOT_SIZE, true) === reg.AP_PORT_SLOT_STRIDE;
  if (!isPort) throw new VfioError('ENODEV', OP, 'the device has no instruction port');
}

/** The port. One batch of instructions is under way at a time. */
export class PortInstructions implements Instructions {
  readonly limit: number = reg.AP_PORT_SLOT_COUNT;
  readonly #access: PortAccess;
  readonly #memory: GuestMemory;
  readonly #clock: Clock;
  readonly #interval: number;
  #wake: (() => void) | undefined;

  /** @param interval - milliseconds between looks at instructions that take time */
  constructor(access: PortAccess, memory: GuestMemory, clock: Clock, interval: number) {
    this.#access = access;
    this.#memory = memory;
    this.#clock = clock;
    this.#interval = interval;
  }

  async issue(instructions: readonly Instruction[]): Promise<readonly InstructionResult[]> {
    const last = reg.slotOffset(instructions.length - 1) - reg.AP_PORT_FIRST_SLOT;
    const registers = new Uint8Array(last + reg.AP_SLOT_INPUT_END);
    for (const [slot, instruction] of instructions.entries()) {
      this.#encode(instruction, slot, registers);
    }
    const results = new DataView(new ArrayBuffer(last + reg.AP_SLOT_OUTPUT_END));
    // The read follows the write without waiting for it: the device takes them in their order.
    const written = this.#access.write(reg.AP_PORT_REGION_INDEX, reg.AP_PORT_FIRST_SLOT, registers);
    await Promise.all([written, this.#read(results)]);
    while (isBusy(results)) {
      await this.#pause();
      await this.#read(results);
    }
    return instructions.map((instruction, slot) => this.#decode(instruction, slot, results));
  }

  /** The device says that something has ended. */
  signalled(): void {
    this.#wake?.();
  }

  #encode(instruction: Instruction, slot: number, registers: Uint8Array): void {
    const { operation, gr0, gr1 = 0n, gr2 = 0n, psmid = 0n, message, isQuery } = instruction;
    const address = BigInt(this.#memory.messageIova(slot));
    const view = new DataView(registers.buffer, slot * reg.AP_PORT_SLOT_STRIDE);
    view.setBigUint64(reg.AP_SLOT_GR0, BigInt(gr0), true);
    view.setBigUint64(reg.AP_SLOT_GR1, gr1, true);
    view.setBigUint64(reg.AP_SLOT_GR2, isQuery === true ? address : gr2, true);
    view.setBigUint64(reg.AP_SLOT_PSMID, psmid, true);
    view.setBigUint64(reg.AP_SLOT_ADDRESS, address, true);
    view.setUint32(reg.AP_SLOT_LENGTH, message?.length ?? MESSAGE_ROOM, true);
    view.setUint32(reg.AP_SLOT_START, operation, true);
    if (message !== undefined) this.#memory.message(slot).set(message);
  }

  #decode(instruction: Instruction, slot: number, results: DataView): InstructionResult {
    const at = slot * reg.AP_PORT_SLOT_STRIDE;
    if (results.getUint32(at + reg.AP_SLOT_STATE, true) !== reg.AP_SLOT_STATES.DONE) {
      // A reset of the device has come in between.
      const status = statusOf(AP_RESPONSE.RESET_IN_PROGRESS);
      return { status, gr2: 0n, psmid: 0n, bytes: new Uint8Array(0) };
    }
    const isDqap = instruction.operation === reg.AP_OPERATION.DQAP;
    if (isDqap && results.getUint32(at + reg.AP_SLOT_CC, true) === CC_PARTIAL) {
      throw new VfioError('EPROTO', 'dqap', `a reply has more than ${MESSAGE_ROOM} bytes`);
    }
    const length = results.getUint32(at + reg.AP_SLOT_LENGTH_OUT, true);
    const hasBytes = isDqap || instruction.isQuery === true;
    return {
      status: decodeStatus(results.getUint32(at + reg.AP_SLOT_GR1_OUT, true)),
      gr2: results.getBigUint64(at + reg.AP_SLOT_GR2_OUT, true),
      psmid: results.getBigUint64(at + reg.AP_SLOT_PSMID_OUT, true),
      bytes: this.#memory.message(slot).slice(0, hasBytes ? length : 0),
    };
  }

  async #read(results: DataView): Promise<void> {
    const into = new Uint8Array(results.buffer);
    await this.#access.read(reg.AP_PORT_REGION_INDEX, reg.AP_PORT_FIRST_SLOT, into);
  }

  /** Until the device says that something has ended, or it is time to look. */
  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(this.#interval, resolve);
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    timer.cancel();
  }
}

function isBusy(results: DataView): boolean {
  for (let at = 0; at < results.byteLength; at += reg.AP_PORT_SLOT_STRIDE) {
    const state = results.getUint32(at + reg.AP_SLOT_STATE, true);
    if (state === reg.AP_SLOT_STATES.BUSY) return true;
  }
  return false;
}
