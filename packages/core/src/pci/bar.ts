// Base address registers (PCI Local Bus 3.0, 6.2.5). Sizing needs no state of its own: address bits below the
// size and the type bits are fixed, so what all ones leave behind is the mask.

import { hex } from '../arguments.ts';
import { IOVA_LIMIT } from '../access.ts';
import { VfioError } from '../errno.ts';
import { VFIO_PCI_ROM_REGION_INDEX } from '../uapi.ts';
import { get16, get32 } from './bytes.ts';
import type { PciRegisters } from './register-block.ts';
import * as regs from './registers.ts';

/** A BAR in I/O space. */
export interface PciIoBar {
  readonly kind: 'io';
  /** Bytes, a power of two from 4 to 64 KiB. */
  readonly size: number;
  /** Initial address; 0 when left out. */
  readonly address?: number;
}

/** A BAR in memory space. */
export interface PciMemoryBar {
  readonly kind: 'memory';
  /** Bytes, a power of two from 16 to 2 GiB, with `width` 64 to 2^51. */
  readonly size: number;
  /** Bits of the address; 32 when left out. 64 takes the next slot too, and starts at an even one. */
  readonly width?: 32 | 64;
  readonly prefetchable?: boolean;
  /** Initial address; 0 when left out. */
  readonly address?: number;
}

/** One BAR. */
export type PciBar = PciIoBar | PciMemoryBar;

/** BARs by the slot they start in. */
export interface PciBars {
  readonly 0?: PciBar;
  readonly 1?: PciBar;
  readonly 2?: PciBar;
  readonly 3?: PciBar;
  readonly 4?: PciBar;
  readonly 5?: PciBar;
}

/** The expansion ROM. */
export interface PciRom {
  /** Bytes, a power of two from 2 KiB to 16 MiB. */
  readonly size: number;
  /** Initial address; 0 when left out. */
  readonly address?: number;
}

/** A BAR or the ROM as the guest has programmed it. */
export interface PciBarState {
  /** Slot 0 to 5, or `VFIO_PCI_ROM_REGION_INDEX`. */
  readonly index: number;
  readonly kind: 'io' | 'memory' | 'rom';
  /** Bits of the address. */
  readonly width: 32 | 64;
  readonly prefetchable: boolean;
  /** Bytes. */
  readonly size: number;
  /** Where it lies; `undefined` at or above {@link IOVA_LIMIT}, where nothing decodes. */
  readonly address: number | undefined;
  /** The command register, and for the ROM its own enable bit, let it answer. */
  readonly enabled: boolean;
}

/** A checked BAR: its place in the header and the type bits of its low half. */
export interface BarLayout {
  readonly index: number;
  readonly kind: 'io' | 'memory' | 'rom';
  readonly width: 32 | 64;
  readonly prefetchable: boolean;
  readonly size: number;
  readonly initial: number;
  /** Offset of the low half. */
  readonly offset: number;
  /** Fixed bits of the low half. */
  readonly type: number;
}

/** Smallest and largest size of each kind. */
const LIMITS = {
  io: [4, 2 ** 16],
  rom: [2 ** 11, 2 ** 24],
  memory32: [16, 2 ** 31],
  memory64: [16, IOVA_LIMIT / 2],
} as const;

/**
 * Checks BARs and ROM and says where each lies.
 *
 * @throws `EINVAL` slot, size, address or kind not possible, two BARs in one slot
 */
export function layOutBars(op: string, bars: PciBars, rom: PciRom | undefined): BarLayout[] {
  const layouts: BarLayout[] = [];
  let blocked = -1;
  for (const [key, bar] of Object.entries<PciBar | undefined>({ ...bars })) {
    if (bar === undefined) continue;
    const index = Number(key);
    if (!/^[0-5]$/.test(key)) throw new VfioError('EINVAL', op, `there is no bar ${key}`);
    if (index === blocked) {
      throw new VfioError('EINVAL', op, `bar ${index} is the upper half of bar ${index - 1}`);
    }
    const layout = layOutBar(op, index, bar);
    if (layout.width === 64) blocked = index + 1;
    layouts.push(layout);
  }
  if (rom !== undefined) {
    checkSize(op, 'rom', rom.size, rom.address ?? 0, LIMITS.rom, 32);
    layouts.push({
      index: VFIO_PCI_ROM_REGION_INDEX,
      kind: 'rom',
      width: 32,
      prefetchable: false,
      size: rom.size,
      initial: rom.address ?? 0,
      offset: regs.PCI_ROM_ADDRESS,
      type: 0,
    });
  }
  return layouts;
}

/** Describes a BAR's registers: address bits from the size on are writable, all others fixed. */
export function describeBar(registers: PciRegisters, bar: BarLayout): void {
  const low = (bar.initial % 2 ** 32) + bar.type;
  if (bar.width === 64) {
    const highMask = bar.size > 2 ** 32 ? 2 ** 32 - bar.size / 2 ** 32 : 0xffff_ffff;
    const lowMask = bar.size >= 2 ** 32 ? 0 : 2 ** 32 - bar.size;
    registers.set32(bar.offset, low, { rw: lowMask });
    registers.set32(bar.offset + 4, Math.floor(bar.initial / 2 ** 32), { rw: highMask });
    return;
  }
  const enable = bar.kind === 'rom' ? regs.PCI_ROM_ADDRESS_ENABLE : 0;
  registers.set32(bar.offset, low, { rw: 2 ** 32 - bar.size + enable });
}

/** What the header says about a BAR. */
export function barState(header: Uint8Array, bar: BarLayout): PciBarState {
  const low = get32(header, bar.offset);
  const high = bar.width === 64 ? get32(header, bar.offset + 4) : 0;
  const address = high * 2 ** 32 + low - (low % Math.min(bar.size, 2 ** 32));
  const command = get16(header, regs.PCI_COMMAND);
  const decodes = command & (bar.kind === 'io' ? regs.PCI_COMMAND_IO : regs.PCI_COMMAND_MEMORY);
  const { index, kind, width, prefetchable, size } = bar;
  return {
    index,
    kind,
    width,
    prefetchable,
    size,
    address: address < IOVA_LIMIT ? address : undefined,
    enabled: decodes !== 0 && (kind !== 'rom' || (low & regs.PCI_ROM_ADDRESS_ENABLE) !== 0),
  };
}

function layOutBar(op: string, index: number, bar: PciBar): BarLayout {
  const name = `bar ${index}`;
  const offset = regs.PCI_BASE_ADDRESS_0 + 4 * index;
  const initial = bar.address ?? 0;
  const { size } = bar;
  if (bar.kind === 'io') {
    checkSize(op, name, size, initial, LIMITS.io, 32);
    const type = regs.PCI_BASE_ADDRESS_SPACE_IO;
    return { index, kind: 'io', width: 32, prefetchable: false, size, initial, offset, type };
  }
  const { width = 32, prefetchable = false } = bar;
  if (bar.kind !== 'memory' || (width !== 32 && width !== 64)) {
    throw new VfioError('EINVAL', op, `${name} is neither i/o, 32-bit nor 64-bit memory`);
  }
  if (width === 64 && index % 2 === 1) {
    throw new VfioError('EINVAL', op, `${name} is odd, a 64-bit bar starts at an even one`);
  }
  checkSize(op, name, size, initial, width === 64 ? LIMITS.memory64 : LIMITS.memory32, width);
  const type =
    (width === 64 ? regs.PCI_BASE_ADDRESS_MEM_TYPE_64 : 0) |
    (prefetchable ? regs.PCI_BASE_ADDRESS_MEM_PREFETCH : 0);
  return { index, kind: 'memory', width, prefetchable, size, initial, offset, type };
}

function checkSize(
  op: string,
  name: string,
  size: number,
  address: number,
  [least, most]: readonly [number, number],
  width: 32 | 64,
): void {
  if (2 ** Math.round(Math.log2(size)) !== size || size < least || size > most) {
    throw new VfioError(
      'EINVAL',
      op,
      `${name}: size ${hex(size)} is not a power of two from ${hex(least)} to ${hex(most)}`,
    );
  }
  const limit = width === 64 ? IOVA_LIMIT : 2 ** 32;
  if (!Number.isInteger(address) || address < 0 || address >= limit || address % size !== 0) {
    throw new VfioError(
      'EINVAL',
      op,
      `${name}: address ${hex(address)} is not aligned or too high`,
    );
  }
}
