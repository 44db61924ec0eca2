// The registers of the instruction port, laid out in layout.ts, and the instructions that wait in its slots.

import { AP_RESPONSE } from '../hardware/status.ts';
import { dequeue } from './dequeue.ts';
import { enqueue } from './enqueue.ts';
import { HeldReplies } from './held-replies.ts';
import type { ApPortHost } from './host.ts';
import { refusal, type ApInstruction, type ApResult, type Awaitable } from './instruction.ts';
import * as reg from './layout.ts';
import { processQueue } from './process.ts';

const { IDLE, BUSY, DONE } = reg.AP_SLOT_STATES;

/** The port of one device. Whatever the guest does to it, it does not throw. */
export class ApPort {
  readonly #host: ApPortHost;
  readonly #registers: Uint8Array = new Uint8Array(reg.AP_PORT_SIZE);
  readonly #view: DataView = new DataView(this.#registers.buffer);
  readonly #held: HeldReplies = new HeldReplies();
  /** By slot: what has not ended. */
  readonly #busy: Map<number, ApInstruction> = new Map();
  #isClosed = false;

  constructor(host: ApPortHost) {
    this.#host = host;
    this.#begin();
  }

  /** Reads registers; what is not in the region reads as it was in `into`. */
  read(offset: number, into: Uint8Array): void {
    into.set(this.#registers.subarray(offset, offset + into.length));
  }

  /** Writes registers, and starts the instructions whose START is in the range, in the order of their slots. */
  write(offset: number, from: Uint8Array): void {
    const end = offset + from.length;
    for (let slot = 0; slot < reg.AP_PORT_SLOT_COUNT; slot++) {
      const base = reg.slotOffset(slot);
      const first = Math.max(offset, base);
      const last = Math.min(end, base + reg.AP_SLOT_INPUT_END);
      if (first >= last) continue;
      this.#registers.set(from.subarray(first - offset, last - offset), first);
      const isStarted = first <= base + reg.AP_SLOT_START && last === base + reg.AP_SLOT_INPUT_END;
      if (isStarted) this.#start(slot);
    }
  }

  /** The registers as after power-on. What has not ended gives no result, and moves no message any more. */
  reset(): void {
    for (const instruction of this.#busy.values()) instruction.isCancelled = true;
    this.#busy.clear();
    this.#held.clear();
    this.#begin();
  }

  /** A queue has been reset by somebody else: what is left of its replies is gone. */
  forget(apqn: number): void {
    this.#held.forget(apqn);
  }

  /** As {@link ApPort.reset}; nothing can be started until {@link ApPort.open}. */
  close(): void {
    this.reset();
    this.#isClosed = true;
  }

  /** Opposite of {@link ApPort.close}; a new port is open. */
  open(): void {
    this.#isClosed = false;
  }

  #begin(): void {
    this.#registers.fill(0);
    this.#set32(reg.AP_PORT_ID, reg.AP_PORT_ID_VALUE);
    this.#set32(reg.AP_PORT_VERSION, reg.AP_PORT_VERSION_VALUE);
    this.#set32(reg.AP_PORT_SLOTS, reg.AP_PORT_SLOT_COUNT);
    this.#set32(reg.AP_PORT_SLOT_BASE, reg.AP_PORT_FIRST_SLOT);
    this.#set32(reg.AP_PORT_SLOT_SIZE, reg.AP_PORT_SLOT_STRIDE);
  }

  #start(slot: number): void {
    if (this.#isClosed || this.#busy.has(slot)) return;
    const instruction = this.#instruction(slot);
    this.#busy.set(slot, instruction);
    const result = this.#execute(instruction);
    if (!(result instanceof Promise)) {
      this.#end(slot, instruction, result);
      return;
    }
    this.#tellBusy();
    this.#set32(reg.slotOffset(slot) + reg.AP_SLOT_STATE, BUSY);
    void this.#endLater(slot, instruction, result);
  }

  /** Cannot reject. */
  async #endLater(
    slot: number,
    instruction: ApInstruction,
    result: Promise<ApResult>,
  ): Promise<void> {
    const known = await result;
    if (instruction.isCancelled) return;
    this.#end(slot, instruction, known);
    try {
      this.#host.signal(reg.AP_PORT_COMPLETION_IRQ);
    } catch {
      // The result stands in the slot, whoever looks.
    }
  }

  /** What a slot asks for, as it is now. */
  #instruction(slot: number): ApInstruction {
    const base = reg.slotOffset(slot);
    const get64 = (offset: number): bigint => this.#view.getBigUint64(base + offset, true);
    const get32 = (offset: number): number => this.#view.getUint32(base + offset, true);
    return {
      operation: get32(reg.AP_SLOT_START),
      gr0: get64(reg.AP_SLOT_GR0),
      gr1: get64(reg.AP_SLOT_GR1),
      gr2: get64(reg.AP_SLOT_GR2),
      psmid: get64(reg.AP_SLOT_PSMID),
      address: get64(reg.AP_SLOT_ADDRESS),
      length: get32(reg.AP_SLOT_LENGTH),
      isCancelled: false,
    };
  }

  /** Carries an instruction out. Neither throws nor rejects: a device that fails has no such queue. */
  #execute(instruction: ApInstruction): Awaitable<ApResult> {
    try {
      const result = this.#dispatch(instruction);
      return result instanceof Promise ? result.catch(failed) : result;
    } catch {
      return failed();
    }
  }

  #dispatch(instruction: ApInstruction): Awaitable<ApResult> {
    switch (instruction.operation) {
      case reg.AP_OPERATION.NQAP:
        return enqueue(this.#host, instruction);
      case reg.AP_OPERATION.DQAP:
        return dequeue(this.#host, this.#held, instruction);
      case reg.AP_OPERATION.PQAP:
        return processQueue(this.#host, this.#held, instruction);
      default:
        return refusal(AP_RESPONSE.REQ_FAC_NOT_INST);
    }
  }

  #end(slot: number, { gr0 }: ApInstruction, result: ApResult): void {
    const base = reg.slotOffset(slot);
    const set64 = (offset: number, value: bigint): void => {
      this.#view.setBigUint64(base + offset, value, true);
    };
    this.#busy.delete(slot);
    this.#set32(base + reg.AP_SLOT_CC, result.cc);
    set64(reg.AP_SLOT_GR0_OUT, result.gr0 ?? gr0);
    set64(reg.AP_SLOT_GR1_OUT, result.gr1);
    set64(reg.AP_SLOT_GR2_OUT, result.gr2 ?? 0n);
    set64(reg.AP_SLOT_PSMID_OUT, result.psmid ?? 0n);
    this.#set32(base + reg.AP_SLOT_LENGTH_OUT, result.length ?? 0);
    this.#count(base + reg.AP_SLOT_COUNT);
    this.#count(reg.AP_PORT_COMPLETIONS);
    this.#set32(base + reg.AP_SLOT_STATE, DONE);
    this.#tellBusy();
  }

  #tellBusy(): void {
    let mask: number = IDLE;
    for (const slot of this.#busy.keys()) mask |= 1 << slot;
    this.#set32(reg.AP_PORT_BUSY, mask);
  }

  #count(offset: number): void {
    this.#set32(offset, this.#view.getUint32(offset, true) + 1);
  }

  #set32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }
}

function failed(): ApResult {
  return refusal(AP_RESPONSE.Q_NOT_AVAIL);
}
