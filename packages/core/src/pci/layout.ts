// Where the blocks of a configuration space lie, and the lists that link its capabilities (PCI Local Bus 3.0,
// 6.7; PCI Express Base, 7.6.3).

import { hex } from '../arguments.ts';
import { VfioError } from '../errno.ts';
import { checkUint, get16, put } from './bytes.ts';
import type {
  PciCapability,
  PciDeviceRegisters,
  PciExtendedCapability,
  PciRegisterBits,
  PciRegisterBlock,
} from './register-block.ts';
import { PciRegisters } from './register-block.ts';
import * as regs from './registers.ts';

/** A block and its place. */
export interface PlacedBlock {
  readonly offset: number;
  readonly length: number;
  readonly block: PciRegisterBlock;
}

/** Everything a space is made of but its header. */
export interface LayoutOptions {
  readonly capabilities: readonly PciCapability[];
  readonly extendedCapabilities: readonly PciExtendedCapability[];
  readonly registers: readonly PciDeviceRegisters[];
}

/** A capability's id and place. */
export interface PlacedCapability {
  readonly id: number;
  readonly offset: number;
}

/** A space, laid out: the whole as one description, and who is told about which part of it. */
export interface Layout {
  readonly space: PciRegisters;
  /** In order of their offsets. */
  readonly blocks: readonly PlacedBlock[];
  /** In order of the list, as the other is. */
  readonly capabilities: readonly PlacedCapability[];
  readonly extendedCapabilities: readonly PlacedCapability[];
}

interface Placeable extends PciRegisterBlock {
  readonly offset?: number;
}

/** Part of a space in which blocks are placed without overlap. */
class Area {
  readonly #op: string;
  readonly #taken: Uint8Array;
  readonly #start: number;
  readonly #end: number;

  constructor(op: string, taken: Uint8Array, start: number, end: number) {
    this.#op = op;
    this.#taken = taken;
    this.#start = start;
    this.#end = end;
  }

  /** Takes places that are asked for first, so that automatic ones go around them. */
  placeAll(blocks: readonly Placeable[]): number[] {
    const fixed = blocks.map(({ offset, registers }) =>
      offset === undefined ? undefined : this.#at(offset, registers.bytes.length, 4),
    );
    return blocks.map((block, i) => fixed[i] ?? this.#lowest(block.registers.bytes.length));
  }

  /** Takes exactly this place; alignment is the block's own business. */
  placeAt(offset: number, length: number): number {
    return this.#at(offset, length, 1);
  }

  #at(offset: number, length: number, alignment: number): number {
    const where = `${hex(length)} bytes at ${hex(offset)}`;
    if (!Number.isInteger(offset) || offset % alignment !== 0) {
      throw new VfioError('EINVAL', this.#op, `${where} are not aligned`);
    }
    if (offset < this.#start || offset + length > this.#end) {
      const area = `${hex(this.#start)} to ${hex(this.#end)}`;
      throw new VfioError('EINVAL', this.#op, `${where} are outside ${area}`);
    }
    if (!this.#isFree(offset, length)) {
      throw new VfioError('EINVAL', this.#op, `${where} overlap another block`);
    }
    this.#taken.fill(1, offset, offset + length);
    return offset;
  }

  #lowest(length: number): number {
    for (let offset = this.#start; offset + length <= this.#end; offset += 4) {
      if (this.#isFree(offset, length)) return this.#at(offset, length, 4);
    }
    throw new VfioError('ENOSPC', this.#op, `no room for a capability of ${hex(length)} bytes`);
  }

  #isFree(offset: number, length: number): boolean {
    return !this.#taken.subarray(offset, offset + length).includes(1);
  }
}

/**
 * Places header, device registers and capabilities and links the lists, in the order the capabilities are
 * given.
 *
 * @throws `EINVAL` a place that is taken, misaligned or outside, a block whose masks contradict each other;
 * `ENOSPC` no room left
 */
export function layOut(
  op: string,
  size: number,
  header: PciRegisterBlock,
  options: LayoutOptions,
): Layout {
  const { capabilities, extendedCapabilities, registers } = options;
  for (const block of registers) checkBlock(op, block.registers, 0, 1);
  for (const cap of capabilities) {
    checkUint(op, 'capability id', cap.id, 8);
    checkBlock(op, cap.registers, 2, 2);
  }
  for (const cap of extendedCapabilities) {
    checkUint(op, 'extended capability id', cap.id, 16);
    checkUint(op, 'extended capability version', cap.version ?? 1, 4);
    checkBlock(op, cap.registers, 4, 4);
  }
  if (extendedCapabilities.length > 0 && size === regs.PCI_CFG_SPACE_SIZE) {
    throw new VfioError('EINVAL', op, 'conventional space has no extended capabilities');
  }

  const taken = new Uint8Array(size);
  const conventional = new Area(op, taken, regs.PCI_STD_HEADER_SIZEOF, regs.PCI_CFG_SPACE_SIZE);
  const extended = new Area(op, taken, regs.PCI_CFG_SPACE_SIZE, size);
  const own = new Area(op, taken, regs.PCI_STD_HEADER_SIZEOF, size);
  for (const { offset, registers: bits } of registers) own.placeAt(offset, bits.bytes.length);
  const capAt = conventional.placeAll(capabilities);
  const extAt = extended.placeAll(extendedCapabilities);
  if (extAt.length > 0 && extAt[0] !== regs.PCI_CFG_SPACE_SIZE) {
    throw new VfioError('EINVAL', op, 'the first extended capability is not at 0x100');
  }

  const space = new PciRegisters(size).setBits(0, header.registers);
  const blocks: PlacedBlock[] = [];
  const add = (block: PciRegisterBlock, offset: number): PlacedBlock => {
    const placed = { offset, length: block.registers.bytes.length, block };
    space.setBits(offset, block.registers);
    blocks.push(placed);
    return placed;
  };
  add(header, 0);
  for (const block of registers) add(block, block.offset);
  const placedCaps = capabilities.map((cap, i) => {
    const { offset } = add(cap, capAt[i] ?? 0);
    put(space.bytes, offset + regs.PCI_CAP_LIST_ID, 1, cap.id);
    put(space.bytes, offset + regs.PCI_CAP_LIST_NEXT, 1, capAt[i + 1] ?? 0);
    return { id: cap.id, offset };
  });
  const placedExtCaps = extendedCapabilities.map((cap, i) => {
    const { offset } = add(cap, extAt[i] ?? 0);
    const version = cap.version ?? 1;
    put(space.bytes, offset, 4, cap.id | (version << 16) | ((extAt[i + 1] ?? 0) << 20));
    return { id: cap.id, offset };
  });
  if (capAt[0] !== undefined) {
    const status = get16(space.bytes, regs.PCI_STATUS) | regs.PCI_STATUS_CAP_LIST;
    put(space.bytes, regs.PCI_CAPABILITY_LIST, 1, capAt[0]);
    put(space.bytes, regs.PCI_STATUS, 2, status);
  }
  return {
    space,
    blocks: blocks.toSorted((a, b) => a.offset - b.offset),
    capabilities: placedCaps,
    extendedCapabilities: placedExtCaps,
  };
}

/**
 * Finds the first capability of that id, after the one at `after` if given.
 *
 * @throws `EINVAL` there is no capability at `after`
 */
export function findCapabilityIn(
  list: readonly PlacedCapability[],
  id: number,
  after: number | undefined,
): number | undefined {
  const from = after === undefined ? 0 : list.findIndex((cap) => cap.offset === after) + 1;
  if (after !== undefined && from === 0) {
    throw new VfioError('EINVAL', 'findCapability', `no capability lies at ${hex(after)}`);
  }
  return list.slice(from).find((cap) => cap.id === id)?.offset;
}

function checkBlock(op: string, bits: PciRegisterBits, headerLength: number, least: number): void {
  const { bytes, writable, writeOneToClear, volatile } = bits;
  if (bytes.length < least) {
    throw new VfioError('EINVAL', op, `a block of ${bytes.length} bytes is too short`);
  }
  for (const mask of [writable, writeOneToClear, volatile]) {
    if (mask !== undefined && mask.length !== bytes.length) {
      throw new VfioError('EINVAL', op, `a mask of ${mask.length} bytes is not ${bytes.length}`);
    }
  }
  for (let i = 0; i < bytes.length; i++) {
    const rw = writable?.[i] ?? 0;
    const rw1c = writeOneToClear?.[i] ?? 0;
    const device = volatile?.[i] ?? 0;
    if (rw & rw1c || rw & device || rw1c & device) {
      throw new VfioError('EINVAL', op, `byte ${hex(i)} has a bit with two kinds of access`);
    }
    if (i < headerLength && rw | rw1c | device) {
      throw new VfioError('EINVAL', op, `byte ${hex(i)} belongs to the header, which is fixed`);
    }
  }
}
