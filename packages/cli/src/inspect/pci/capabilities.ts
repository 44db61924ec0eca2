// Capabilities of conventional configuration space by their ids (PCI Code and ID Assignment), decoded where a virtual
// device is likely to have them.

import { bit, bits, digits, hex, type Facts, type PciBytes } from './facts.ts';

/** A kind of capability. */
export interface CapabilityKind {
  readonly name: string;
  /** What stands in one that begins here; nothing where it is left out. */
  readonly decode?: (cap: PciBytes) => Facts;
}

/** PCI Express; a device that has it has extended capabilities. */
export const CAP_EXPRESS = 0x10;
/** PCI-X, for the same reason. */
export const CAP_PCIX = 0x07;

/** By id. */
export const CAPABILITIES: Readonly<Record<number, CapabilityKind>> = {
  0x00: { name: 'Null' },
  0x01: { name: 'Power Management', decode: power },
  0x02: { name: 'AGP' },
  0x03: { name: 'Vital Product Data', decode: vitalProductData },
  0x04: { name: 'Slot ID' },
  0x05: { name: 'MSI', decode: msi },
  0x06: { name: 'CompactPCI hot-swap' },
  0x07: { name: 'PCI-X' },
  0x08: { name: 'HyperTransport' },
  0x09: { name: 'Vendor Specific', decode: (cap) => ({ length: cap.u8(2) }) },
  0x0a: { name: 'Debug port' },
  0x0b: { name: 'CompactPCI central resource control' },
  0x0c: { name: 'Hot-plug controller' },
  0x0d: { name: 'Bridge Subsystem', decode: subsystem },
  0x0e: { name: 'AGP3' },
  0x0f: { name: 'Secure device' },
  0x10: { name: 'PCI Express', decode: express },
  0x11: { name: 'MSI-X', decode: msix },
  0x12: { name: 'SATA HBA' },
  0x13: { name: 'Advanced Features', decode: advancedFeatures },
  0x14: { name: 'Enhanced Allocation', decode: (cap) => ({ entries: bits(cap.u8(2), 0, 6) }) },
  0x15: { name: 'Flattening Portal Bridge' },
};

function power(cap: PciBytes): Facts {
  const [can, now] = [cap.u16(2), cap.u16(4)];
  return {
    version: bits(can, 0, 3),
    d1: bit(can, 9),
    d2: bit(can, 10),
    pme: pmeStates(bits(can, 11, 5)),
    state: `D${bits(now, 0, 2)}`,
    noSoftReset: bit(now, 3),
    pmeEnable: bit(now, 8),
    pmeStatus: bit(now, 15),
  };
}

function pmeStates(mask: number): string {
  const states = ['D0', 'D1', 'D2', 'D3hot', 'D3cold'].filter((_, i) => bit(mask, i));
  return states.length === 0 ? 'none' : states.join(',');
}

function vitalProductData(cap: PciBytes): Facts {
  return { address: hex(cap.u16(2) & 0x7fff, 4), done: bit(cap.u16(2), 15) };
}

function msi(cap: PciBytes): Facts {
  const flags = cap.u16(2);
  const [is64Bit, isMaskable] = [bit(flags, 7), bit(flags, 8)];
  const data = is64Bit ? 0x0c : 0x08;
  return {
    enable: bit(flags, 0),
    vectors: 2 ** bits(flags, 4, 3),
    vectorsOffered: 2 ** bits(flags, 1, 3),
    maskable: isMaskable,
    '64bit': is64Bit,
    address: is64Bit ? hex(cap.u64(4), 16) : hex(cap.u32(4), 8),
    data: hex(cap.u16(data), 4),
    ...(isMaskable && {
      mask: hex(cap.u32(data + 4), 8),
      pending: hex(cap.u32(data + 8), 8),
    }),
  };
}

function msix(cap: PciBytes): Facts {
  const [flags, table, pba] = [cap.u16(2), cap.u32(4), cap.u32(8)];
  return {
    enable: bit(flags, 15),
    masked: bit(flags, 14),
    vectors: bits(flags, 0, 11) + 1,
    tableBar: bits(table, 0, 3),
    tableOffset: hex((table & ~7) >>> 0, 8),
    pendingBar: bits(pba, 0, 3),
    pendingOffset: hex((pba & ~7) >>> 0, 8),
  };
}

function subsystem(cap: PciBytes): Facts {
  return { vendor: digits(cap.u16(4), 4), device: digits(cap.u16(6), 4) };
}

function advancedFeatures(cap: PciBytes): Facts {
  const can = cap.u8(3);
  return { transactionsPending: bit(can, 0), functionLevelReset: bit(can, 1) };
}

const EXPRESS_TYPES: Readonly<Record<number, string>> = {
  0: 'endpoint',
  1: 'legacy endpoint',
  4: 'root port',
  5: 'upstream port',
  6: 'downstream port',
  7: 'PCI Express to PCI bridge',
  8: 'PCI to PCI Express bridge',
  9: 'root complex integrated endpoint',
  10: 'root complex event collector',
};

const SPEEDS = ['2.5GT/s', '5GT/s', '8GT/s', '16GT/s', '32GT/s', '64GT/s'];

function express(cap: PciBytes): Facts {
  const [flags, can, control, status] = [cap.u16(2), cap.u32(4), cap.u16(8), cap.u16(0x0a)];
  const type = bits(flags, 4, 4);
  const linkCan = cap.u32(0x0c);
  const link = cap.u16(0x12);
  return {
    version: bits(flags, 0, 4),
    type: EXPRESS_TYPES[type] ?? `${type}`,
    message: bits(flags, 9, 5),
    maxPayload: 128 << bits(control, 5, 3),
    maxPayloadOffered: 128 << bits(can, 0, 3),
    maxReadRequest: 128 << bits(control, 12, 3),
    extendedTag: bit(can, 5),
    functionLevelReset: bit(can, 28),
    correctableError: bit(status, 0),
    nonFatalError: bit(status, 1),
    fatalError: bit(status, 2),
    unsupportedRequest: bit(status, 3),
    transactionsPending: bit(status, 5),
    ...(hasLink(type) && {
      link: `${speed(bits(link, 0, 4))} x${bits(link, 4, 6)}`,
      linkOffered: `${speed(bits(linkCan, 0, 4))} x${bits(linkCan, 4, 6)}`,
    }),
  };
}

/** What is part of the root complex has none. */
function hasLink(type: number): boolean {
  return type !== 9 && type !== 10;
}

function speed(code: number): string {
  return SPEEDS[code - 1] ?? 'unknown';
}
