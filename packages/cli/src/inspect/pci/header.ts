// The configuration header, types 0 and 1 (PCI Local Bus 3.0, 6.1; PCI-to-PCI Bridge 1.2, 3.2).

import { bit, bits, hex, type Facts, type PciBytes } from './facts.ts';

/** A base address register, or the two of a 64-bit one. */
export interface PciBarReport {
  /** 0 to 5; 6 for the expansion ROM. */
  readonly index: number;
  readonly kind: 'memory' | 'io' | 'rom';
  /** As the guest has set it; hexadecimal. */
  readonly address: string;
  readonly is64Bit: boolean;
  readonly isPrefetchable: boolean;
  /** Of a ROM: whether it answers. */
  readonly isEnabled?: boolean;
  /** Bytes, as the region says. */
  readonly size: number;
}

/** The header. */
export interface PciHeaderReport {
  readonly vendorId: number;
  readonly deviceId: number;
  readonly subsystemVendorId: number;
  readonly subsystemId: number;
  /** 24 bits. */
  readonly classCode: number;
  readonly revisionId: number;
  /** 0 device, 1 bridge; others are told and not decoded. */
  readonly headerType: number;
  readonly isMultiFunction: boolean;
  readonly command: Facts;
  readonly status: Facts;
  readonly interruptLine: number;
  /** 0 none, 1 to 4 = INTA to INTD. */
  readonly interruptPin: number;
  readonly bars: readonly PciBarReport[];
}

const ROM = 6;

/** @param sizes - of regions 0 to 6; a BAR whose region has none is not there, whatever its register says */
export function decodeHeader(space: PciBytes, sizes: readonly number[]): PciHeaderReport {
  const headerType = space.u8(0x0e) & 0x7f;
  return {
    vendorId: space.u16(0),
    deviceId: space.u16(2),
    subsystemVendorId: headerType === 0 ? space.u16(0x2c) : 0,
    subsystemId: headerType === 0 ? space.u16(0x2e) : 0,
    classCode: space.u32(8) >>> 8,
    revisionId: space.u8(8),
    headerType,
    isMultiFunction: bit(space.u8(0x0e), 7),
    command: commandFacts(space.u16(4)),
    status: statusFacts(space.u16(6)),
    interruptLine: space.u8(0x3c),
    interruptPin: space.u8(0x3d),
    bars: decodeBars(space, headerType, sizes),
  };
}

const BARS: Readonly<Record<number, number>> = { 0: 6, 1: 2 };
const ROM_AT: Readonly<Record<number, number>> = { 0: 0x30, 1: 0x38 };

function decodeBars(space: PciBytes, headerType: number, sizes: readonly number[]): PciBarReport[] {
  const bars: PciBarReport[] = [];
  const count = BARS[headerType] ?? 0;
  for (let index = 0; index < count; index++) {
    const low = space.u32(0x10 + 4 * index);
    const is64Bit = !bit(low, 0) && bits(low, 1, 2) === 2 && index + 1 < count;
    const size = sizes[index] ?? 0;
    if (size > 0) bars.push(barOf(space, { index, low, is64Bit, size }));
    if (is64Bit) index++;
  }
  const size = sizes[ROM] ?? 0;
  const at = ROM_AT[headerType];
  if (at !== undefined && size > 0) {
    const rom = space.u32(at);
    bars.push({
      index: ROM,
      kind: 'rom',
      address: hex((rom & ~0x7ff) >>> 0, 8),
      is64Bit: false,
      isPrefetchable: false,
      isEnabled: bit(rom, 0),
      size,
    });
  }
  return bars;
}

interface BarRegister {
  readonly index: number;
  readonly low: number;
  readonly is64Bit: boolean;
  readonly size: number;
}

function barOf(space: PciBytes, { index, low, is64Bit, size }: BarRegister): PciBarReport {
  if (bit(low, 0)) {
    const address = hex((low & ~3) >>> 0, 4);
    return { index, kind: 'io', address, is64Bit: false, isPrefetchable: false, size };
  }
  const address = is64Bit ? space.u64(0x10 + 4 * index) & ~0xfn : (low & ~0xf) >>> 0;
  return {
    index,
    kind: 'memory',
    address: hex(address, is64Bit ? 16 : 8),
    is64Bit,
    isPrefetchable: bit(low, 3),
    size,
  };
}

function commandFacts(value: number): Facts {
  return {
    io: bit(value, 0),
    memory: bit(value, 1),
    busMaster: bit(value, 2),
    parityErrors: bit(value, 6),
    systemErrors: bit(value, 8),
    intxDisable: bit(value, 10),
  };
}

function statusFacts(value: number): Facts {
  return {
    intx: bit(value, 3),
    capabilities: bit(value, 4),
    signalledTargetAbort: bit(value, 11),
    receivedTargetAbort: bit(value, 12),
    receivedMasterAbort: bit(value, 13),
    signalledSystemError: bit(value, 14),
    parityError: bit(value, 15),
  };
}
