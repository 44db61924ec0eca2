// The first 2 MiB of BAR 0: storage, and what the families say of single registers.

import { VfioError } from '@vfio-ts/core';
import type { Register, RegisterFamily, RegisterStorage } from './register.ts';

/** Bytes of the register space. */
export const REGISTER_SPACE = 0x20_0000;

/** An engine reset leaves alone what lies from here on: interrupts, display, fences. */
export const ENGINE_RESET_LIMIT = 0x4_4200;

/** What a reset of the registers is for. */
export type ResetScope =
  /** Everything. */
  | 'device'
  /** What lies below {@link ENGINE_RESET_LIMIT}, unless the register is kept over it. */
  | 'engines';

const REGISTERS = REGISTER_SPACE / 4;

/** Register numbers are kept in 16 bits, 0 for none. */
const MOST_NAMED = 0xffff;

/** The registers of one vGPU. Counterpart of `struct intel_vgpu_mmio` and its table of handlers. */
export class RegisterFile implements RegisterStorage {
  /** Failsafe: every register is plain storage, nothing acts. */
  isPlain = false;
  readonly #values = new Uint32Array(REGISTERS);
  readonly #numbers = new Uint16Array(REGISTERS);
  readonly #named: Register[] = [];

  /**
   * Gives registers their meaning, and their first values.
   *
   * @throws VfioError `EINVAL` an offset that is no register; `EEXIST` a register of two families
   */
  add(...families: readonly RegisterFamily[]): void {
    for (const family of families) {
      for (const register of family.registers) this.#add(register, family.name);
    }
  }

  get(offset: number): number {
    return this.#values[offset >>> 2] ?? 0;
  }

  set(offset: number, value: number): void {
    this.#values[offset >>> 2] = value;
  }

  /** Reads as the guest does. @param offset - multiple of 4 @returns unsigned */
  read(offset: number): number {
    const stored = this.get(offset);
    const register = this.#at(offset);
    if (register?.read === undefined || this.isPlain) return stored;
    return register.read(stored, this) >>> 0;
  }

  /** Writes as the guest does. @param offset - multiple of 4 */
  write(offset: number, value: number): void {
    this.#write(offset, value >>> 0, 0xffff_ffff);
  }

  /** Reads a naturally aligned piece, as a dword or a part of one or two of them. */
  readBytes(offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      const first = (offset + done) & 3;
      const count = Math.min(4 - first, into.length - done);
      let value = this.read(offset + done - first) >>> (first * 8);
      for (let i = 0; i < count; i++) {
        into[done + i] = value;
        value >>>= 8;
      }
      done += count;
    }
  }

  /** Opposite direction of {@link RegisterFile.readBytes}. */
  writeBytes(offset: number, from: Uint8Array): void {
    for (let done = 0; done < from.length;) {
      const first = (offset + done) & 3;
      const count = Math.min(4 - first, from.length - done);
      let value = 0;
      let lanes = 0;
      for (let i = 0; i < count; i++) {
        const shift = (first + i) * 8;
        value |= (from[done + i] ?? 0) << shift;
        lanes |= 0xff << shift;
      }
      this.#write(offset + done - first, value >>> 0, lanes >>> 0);
      done += count;
    }
  }

  /** Whether a command of a batch may write the register. */
  isByCommand(offset: number): boolean {
    return this.#at(offset)?.byCommand === true;
  }

  /** Name of the register, or its offset in hex. */
  nameOf(offset: number): string {
    return this.#at(offset)?.name ?? `0x${offset.toString(16)}`;
  }

  /** Gives registers their first values; no handler runs. */
  reset(scope: ResetScope): void {
    const end = scope === 'device' ? REGISTER_SPACE : ENGINE_RESET_LIMIT;
    const kept = new Map<number, number>();
    for (const { offset, initial, keptOver } of this.#named) {
      if (offset >= end) continue;
      const isKept = scope === 'engines' && keptOver === 'engine-reset';
      kept.set(offset, isKept ? this.get(offset) : (initial ?? 0));
    }
    this.#values.fill(0, 0, end / 4);
    for (const [offset, value] of kept) this.set(offset, value);
    if (scope === 'device') this.isPlain = false;
  }

  #add(register: Register, family: string): void {
    const { offset, name } = register;
    const where = `${family}: ${name} at 0x${offset.toString(16)}`;
    if (!Number.isInteger(offset / 4) || offset < 0 || offset >= REGISTER_SPACE) {
      throw new VfioError('EINVAL', 'RegisterFile', `${where} is no register`);
    }
    const other = this.#at(offset);
    if (other !== undefined) {
      throw new VfioError('EEXIST', 'RegisterFile', `${where} is ${other.name} already`);
    }
    if (this.#named.length === MOST_NAMED) {
      throw new VfioError('EINVAL', 'RegisterFile', `${where} is one too many`);
    }
    this.#named.push(register);
    this.#numbers[offset / 4] = this.#named.length;
    this.set(offset, register.initial ?? 0);
  }

  #at(offset: number): Register | undefined {
    const number = this.#numbers[offset >>> 2] ?? 0;
    return number === 0 ? undefined : this.#named[number - 1];
  }

  /** @param lanes - bytes of the register that are written, 0xff each */
  #write(offset: number, value: number, lanes: number): void {
    const before = this.get(offset);
    const whole = ((before & ~lanes) | (value & lanes)) >>> 0;
    const register = this.#at(offset);
    if (register === undefined || this.isPlain) {
      this.set(offset, whole);
      return;
    }
    const { readOnly = 0 } = register;
    const next = merge(register, before, whole, (value & lanes) >>> 0);
    this.set(offset, (next & ~readOnly) | (before & readOnly));
    register.written?.(this.get(offset), this, before, value);
  }
}

/** @param whole - with the bytes that are not written as they were @param touched - with them as 0 */
function merge(
  { kind = 'storage' }: Register,
  before: number,
  whole: number,
  touched: number,
): number {
  switch (kind) {
    case 'read-only':
      return before;
    case 'write-1-to-clear':
      return before & ~touched;
    case 'masked': {
      const mask = touched >>> 16;
      return (before & ~mask & 0xffff) | (touched & mask);
    }
    case 'storage':
      return whole;
  }
}
