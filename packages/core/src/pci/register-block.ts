// Concepts: configuration space is a row of register blocks: the header, capabilities, and a device's own
// registers. A block is bytes with three masks that say what changes a bit, and callbacks that say what the
// change means. A bit in no mask is fixed: neither the guest, the device nor a restored state changes it.

import { put } from './bytes.ts';

/** What changed configuration space. */
export type PciChangeCause = 'write' | 'reset' | 'restore';

/** Bytes of a block differ from what its `onChange` saw last. */
export interface PciRegisterChange {
  /** The block as it is now, a copy. */
  readonly bytes: Uint8Array;
  /** The block as `onChange` saw it last, a copy. */
  readonly before: Uint8Array;
  readonly cause: PciChangeCause;
}

/** A guest wrote into a block. */
export interface PciRegisterWrite {
  /** First byte written, from the start of the block. */
  readonly start: number;
  /** What the guest wrote, before any mask, a copy. */
  readonly data: Uint8Array;
}

/** Initial bytes and the masks over them; a mask left out is all zero, one given is as long as `bytes`. */
export interface PciRegisterBits {
  readonly bytes: Uint8Array;
  /** RW: the guest writes the bit. */
  readonly writable?: Uint8Array;
  /** RW1C: the device sets the bit, the guest clears it by writing 1. */
  readonly writeOneToClear?: Uint8Array;
  /** RO for the guest, changed by the device with `PciConfigSpace.store`. */
  readonly volatile?: Uint8Array;
}

/** Bits of a block and what they mean to the device. */
export interface PciRegisterBlock {
  readonly registers: PciRegisterBits;
  /**
   * Changes what a write stores, where masks cannot say it: edit `next` in place. Fixed bits stay as they
   * are whatever it does.
   *
   * @param next - the block as the masks let the write through
   * @param before - the block as it is; the initial block when a restored state is judged, which is
   * refused unless `next` is left alone
   */
  adjust?(next: Uint8Array, before: Uint8Array): void;
  /** Bytes changed by a guest's write, a reset or a restore; called after all of it is stored. */
  onChange?(change: PciRegisterChange): void;
  /** The guest wrote here, whether or not anything changed; called after every `onChange`. */
  onWrite?(write: PciRegisterWrite): void;
}

/** A capability; the space writes its id and its next pointer into bytes 0 and 1, which must be fixed. */
export interface PciCapability extends PciRegisterBlock {
  /** `PCI_CAP_ID_*`. */
  readonly id: number;
  /** Where it lies, a multiple of 4 from 0x40; the lowest free place when left out. */
  readonly offset?: number;
  /** Refuses a space the capability does not fit, at construction. */
  check?(space: PciSpaceShape): void;
}

/** An extended capability; the space writes the header into bytes 0 to 3, which must be fixed. */
export interface PciExtendedCapability extends PciRegisterBlock {
  /** `PCI_EXT_CAP_ID_*`. */
  readonly id: number;
  /** Version of the capability's layout; 1 when left out. */
  readonly version?: number;
  /** Where it lies, a multiple of 4 from 0x100; the lowest free place when left out. */
  readonly offset?: number;
}

/** Registers of a device outside any capability. */
export interface PciDeviceRegisters extends PciRegisterBlock {
  /** Where they start, from 0x40 on. */
  readonly offset: number;
}

/** What a capability can ask about the space it is put into. */
export interface PciSpaceShape {
  /** Bytes of memory behind a BAR; `undefined` for an I/O BAR or none. */
  memoryBarSize(index: number): number | undefined;
}

/** Who changes which bits of one register. */
export interface PciFieldMasks {
  /** RW: bits the guest writes. */
  readonly rw?: number;
  /** RW1C: bits the guest clears by writing 1. */
  readonly rw1c?: number;
  /** RO bits the device changes. */
  readonly volatile?: number;
}

/** Bytes and masks filled register by register, for whoever writes a capability. */
export class PciRegisters implements PciRegisterBits {
  readonly bytes: Uint8Array;
  readonly writable: Uint8Array;
  readonly writeOneToClear: Uint8Array;
  readonly volatile: Uint8Array;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.writable = new Uint8Array(length);
    this.writeOneToClear = new Uint8Array(length);
    this.volatile = new Uint8Array(length);
  }

  /** Describes an 8-bit register. */
  set8(offset: number, value: number, masks: PciFieldMasks = {}): this {
    return this.#set(offset, 1, value, masks);
  }

  /** Describes a 16-bit register. */
  set16(offset: number, value: number, masks: PciFieldMasks = {}): this {
    return this.#set(offset, 2, value, masks);
  }

  /** Describes a 32-bit register. */
  set32(offset: number, value: number, masks: PciFieldMasks = {}): this {
    return this.#set(offset, 4, value, masks);
  }

  /** Puts bytes and masks of another description at `offset`. */
  setBits(offset: number, bits: PciRegisterBits): this {
    this.bytes.set(bits.bytes, offset);
    if (bits.writable) this.writable.set(bits.writable, offset);
    if (bits.writeOneToClear) this.writeOneToClear.set(bits.writeOneToClear, offset);
    if (bits.volatile) this.volatile.set(bits.volatile, offset);
    return this;
  }

  #set(offset: number, width: 1 | 2 | 4, value: number, masks: PciFieldMasks): this {
    put(this.bytes, offset, width, value);
    put(this.writable, offset, width, masks.rw ?? 0);
    put(this.writeOneToClear, offset, width, masks.rw1c ?? 0);
    put(this.volatile, offset, width, masks.volatile ?? 0);
    return this;
  }
}

/** Bits of a byte that nothing changes. */
export function fixedBits(bits: PciRegisters, offset: number): number {
  const { writable, writeOneToClear, volatile } = bits;
  const changeable =
    (writable[offset] ?? 0) | (writeOneToClear[offset] ?? 0) | (volatile[offset] ?? 0);
  return ~changeable;
}

/** What a byte that holds `byte` holds after the guest has written `written`. */
export function afterWrite(
  bits: PciRegisters,
  offset: number,
  byte: number,
  written: number,
): number {
  const rw = bits.writable[offset] ?? 0;
  const cleared = written & (bits.writeOneToClear[offset] ?? 0);
  return (byte & ~rw & ~cleared) | (written & rw);
}
