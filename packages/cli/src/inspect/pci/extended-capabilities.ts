// Extended capabilities of PCI Express configuration space by their ids (PCI Express Base, 7.8 and 7.9).

import type { CapabilityKind } from './capabilities.ts';
import { bit, bits, digits, hex, type Facts, type PciBytes } from './facts.ts';

/** By id. */
export const EXTENDED_CAPABILITIES: Readonly<Record<number, CapabilityKind>> = {
  0x00: { name: 'Null' },
  0x01: { name: 'Advanced Error Reporting', decode: errors },
  0x02: { name: 'Virtual Channel' },
  0x03: { name: 'Device Serial Number', decode: (cap) => ({ serial: serial(cap.u64(4)) }) },
  0x04: { name: 'Power Budgeting' },
  0x05: { name: 'Root Complex Link' },
  0x06: { name: 'Root Complex Internal Link' },
  0x07: { name: 'Root Complex Event Collector' },
  0x08: { name: 'Multi-Function Virtual Channel' },
  0x09: { name: 'Virtual Channel' },
  0x0a: { name: 'Root Complex Register Block' },
  0x0b: { name: 'Vendor Specific', decode: vendorSpecific },
  0x0d: { name: 'Access Control Services', decode: accessControl },
  0x0e: { name: 'Alternative Routing-ID Interpretation', decode: routing },
  0x0f: { name: 'Address Translation Service', decode: translation },
  0x10: { name: 'Single Root I/O Virtualization', decode: virtualFunctions },
  0x11: { name: 'Multi-Root I/O Virtualization' },
  0x12: { name: 'Multicast' },
  0x13: { name: 'Page Request Interface', decode: pageRequests },
  0x15: { name: 'Resizable BAR' },
  0x16: { name: 'Dynamic Power Allocation' },
  0x17: { name: 'TPH Requester' },
  0x18: { name: 'Latency Tolerance Reporting', decode: latency },
  0x19: { name: 'Secondary PCI Express' },
  0x1a: { name: 'Protocol Multiplexing' },
  0x1b: { name: 'Process Address Space ID', decode: processAddressSpace },
  0x1c: { name: 'LN Requester' },
  0x1d: { name: 'Downstream Port Containment' },
  0x1e: { name: 'L1 PM Substates' },
  0x1f: { name: 'Precision Time Measurement' },
  0x21: { name: 'FRS Queueing' },
  0x22: { name: 'Readiness Time Reporting' },
  0x23: { name: 'Designated Vendor Specific', decode: designatedVendor },
  0x24: { name: 'VF Resizable BAR' },
  0x25: { name: 'Data Link Feature' },
  0x26: { name: 'Physical Layer 16.0 GT/s' },
  0x27: { name: 'Lane Margining at the Receiver' },
  0x28: { name: 'Hierarchy ID' },
  0x29: { name: 'Native PCIe Enclosure Management' },
  0x2a: { name: 'Physical Layer 32.0 GT/s' },
  0x2b: { name: 'Alternate Protocol' },
  0x2c: { name: 'System Firmware Intermediary' },
  0x2e: { name: 'Data Object Exchange' },
  0x30: { name: 'Integrity and Data Encryption' },
};

/** As the label of a card has it: the highest byte first. */
function serial(value: bigint): string {
  return value
    .toString(16)
    .padStart(16, '0')
    .replaceAll(/..(?=.)/gu, '$&-');
}

function errors(cap: PciBytes): Facts {
  return {
    uncorrectable: hex(cap.u32(4), 8),
    uncorrectableMask: hex(cap.u32(8), 8),
    uncorrectableSeverity: hex(cap.u32(0x0c), 8),
    correctable: hex(cap.u32(0x10), 8),
    correctableMask: hex(cap.u32(0x14), 8),
    firstError: bits(cap.u32(0x18), 0, 5),
  };
}

function vendorSpecific(cap: PciBytes): Facts {
  const header = cap.u32(4);
  const [id, revision, length] = [bits(header, 0, 16), bits(header, 16, 4), header >>> 20];
  return { id: digits(id, 4), revision, length };
}

function designatedVendor(cap: PciBytes): Facts {
  const header = cap.u32(4);
  return {
    vendor: digits(bits(header, 0, 16), 4),
    id: digits(cap.u16(8), 4),
    revision: bits(header, 16, 4),
    length: header >>> 20,
  };
}

function accessControl(cap: PciBytes): Facts {
  return { can: hex(cap.u16(4), 4), control: hex(cap.u16(6), 4) };
}

function routing(cap: PciBytes): Facts {
  return { nextFunction: cap.u8(5), functionGroup: bits(cap.u16(6), 4, 3) };
}

function translation(cap: PciBytes): Facts {
  const [can, control] = [cap.u16(4), cap.u16(6)];
  return {
    enable: bit(control, 15),
    // 0 stands for all of its range.
    invalidateQueue: bits(can, 0, 5) || 32,
    pageAligned: bit(can, 5),
    smallestUnit: bits(control, 0, 5),
  };
}

function virtualFunctions(cap: PciBytes): Facts {
  const control = cap.u16(8);
  return {
    enable: bit(control, 0),
    memory: bit(control, 3),
    initial: cap.u16(0x0c),
    total: cap.u16(0x0e),
    functions: cap.u16(0x10),
    offset: cap.u16(0x14),
    stride: cap.u16(0x16),
    device: digits(cap.u16(0x1a), 4),
  };
}

function pageRequests(cap: PciBytes): Facts {
  return {
    enable: bit(cap.u16(4), 0),
    stopped: bit(cap.u16(6), 8),
    capacity: cap.u32(8),
    allocation: cap.u32(0x0c),
  };
}

function latency(cap: PciBytes): Facts {
  return { maxSnoop: nanoseconds(cap.u16(4)), maxNoSnoop: nanoseconds(cap.u16(6)) };
}

/** Ten bits, and how often they are to be multiplied by 32. */
function nanoseconds(value: number): string {
  return `${bits(value, 0, 10) * 32 ** bits(value, 10, 3)}ns`;
}

function processAddressSpace(cap: PciBytes): Facts {
  const [can, control] = [cap.u16(4), cap.u16(6)];
  return {
    enable: bit(control, 0),
    executable: bit(can, 1),
    privileged: bit(can, 2),
    width: bits(can, 8, 5),
  };
}
